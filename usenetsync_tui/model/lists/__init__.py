"""Lists of files as a user asks for them.

Knows filters, orders and selections. Refuses to know the rows and where they are read.
"""
