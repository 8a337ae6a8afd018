"""Deletes what only forgotten versions need: rows, then articles, then the room they took on disk.

Knows the order, which makes every step safe to be killed in: `forget`. Refuses to know which versions
are forgotten (`catalogue.tables.forgetting`).
"""
