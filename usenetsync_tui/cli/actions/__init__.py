"""The work of the verbs: each module runs what a user typed, and prints the result.

Knows the engine, the catalogue and what to print. Refuses to know the options: `cli.verbs`
declares them.
"""
