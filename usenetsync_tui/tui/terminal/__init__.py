"""The line to the terminal: what is written to it, in how few bytes, and what a break of it means.

Knows escape sequences, slow links and hang-ups. Refuses to know what is shown.
"""
