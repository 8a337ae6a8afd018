"""The options of an upload that say what it leaves out, and the dry run that shows it.

Knows what a user types and reads. Refuses to know what a pattern matches (`disk.source.filters`).
"""
