"""Forgetting versions: the rows and articles that nothing needs any more, and their deletion.

Knows the statements, and what each may delete. Refuses to know the order of the batches
(`pipeline.forget`), and which versions the user wants to keep.
"""
