"""The verbs of a recovery string: `share` prints it, `restore`, `files`, `adopt` and others use it.

Knows how a string is typed, and how its answer is printed. Refuses to know what is in the store
(`engine.by_string`).
"""
