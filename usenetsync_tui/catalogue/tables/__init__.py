"""The catalogue's tables, a module for each, with what changes together with them.

Knows which rows a step of the pipeline reads and writes. Refuses to decide what belongs into one
transaction: functions take the caller's, so that what has to be true together commits together.
"""
