"""Deletes what only forgotten versions need: rows, articles, and then the room on disk.

Knows the order, which makes each step safe to be killed in. Refuses to know which versions are
forgotten, and what needs a row (`catalogue.tables.forgetting`).
"""
