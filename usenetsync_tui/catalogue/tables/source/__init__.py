"""What the catalogue remembers of a folder's source besides its files.

Knows the tables of its mount points, and of what its filters leave out. Refuses to know how a
source is walked (`disk.source`), and what counts as a loss (`pipeline`).
"""
