"""The requests to a running engine: one `match` in `dispatch`, and what each request does.

Knows what a command changes in the catalogue and in a running job. Refuses to know which window
asked.
"""
