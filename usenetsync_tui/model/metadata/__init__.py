"""What few files have beside content, mode, time and owner: see `metadata`.

Knows nouns. Refuses to know where they are read, written and stored.
"""
