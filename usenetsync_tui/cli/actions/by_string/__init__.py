"""The verbs of a recovery string: `share` prints it, `adopt`, `restore` and others use it.

Knows how a string is typed, and how its answer is printed. Refuses to know what is in the store
(`engine.by_string`).
"""
