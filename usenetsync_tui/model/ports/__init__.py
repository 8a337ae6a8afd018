"""The ports: what the pipeline asks of a store, and what a window asks of the engine.

Knows the questions and the rows that answer them. Refuses to know who answers.
"""
