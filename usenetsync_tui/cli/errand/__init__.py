"""The jobs of a command: done by the engine that runs, by one of its own, or left to the former.

Knows which engine does the work, what happens when it ends, and how a signal stops the jobs.
Refuses to know the verbs, and how progress and results are printed (`cli.output`).
"""
