"""The output of the command: for people, and as JSON for scripts.

Knows tables, bars, sentences and the keys of each JSON event. Refuses to know the verbs.
"""
