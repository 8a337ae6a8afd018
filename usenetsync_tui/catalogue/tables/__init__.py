"""The catalogue's tables: a module for each, with the rows that change together with it.

Knows which rows a step of the pipeline reads and writes. Refuses to decide which changes form a
transaction: functions take the caller's, so that changes that belong together commit together.
"""
