"""What the index of a folder says in the store itself: its roots, and their entries.

Knows the values. Refuses to know how they are encoded, posted and found.
"""
