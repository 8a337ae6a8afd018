"""What the verbs do: each module reads what a user typed, has it done, and prints what came of it.

Knows the engine, the catalogue and what to print. Refuses to know the options: `cli.verbs`
declares them.
"""
