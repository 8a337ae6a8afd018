"""How things are written for people: names, figures, states and signs.

Knows words. Refuses to know where they are shown.
"""
