"""The connection to the terminal: safe output in few bytes, and an orderly end when it breaks.

Knows escape sequences, slow links and hang-ups. Refuses to know what the screen shows.
"""
