"""A screen at an engine of another program, until it becomes the engine itself.

Knows how a screen attaches, and what it does when that engine ends. Refuses to know the frames on
the wire (`wire`) and how an engine works.
"""
