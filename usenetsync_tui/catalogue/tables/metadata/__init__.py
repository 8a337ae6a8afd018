"""Extended attributes, hard links, holes and the names of owners: rows and columns for them.

Knows the statements. Refuses to know how they are read and restored (`disk`).
"""
