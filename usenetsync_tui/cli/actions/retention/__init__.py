"""The commands that let versions and folders go.

Knows how they ask, and how they print what is freed. Refuses to know what is deleted.
"""
