"""The dialog of a restore, and what every form of a restore has: its choices, and its preview.

Knows fields and words. Refuses to know what a restore does.
"""
