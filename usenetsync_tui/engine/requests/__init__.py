"""The requests to a running engine: one `match` in `dispatch`, and what each request does.

Knows what a request changes in the catalogue and in a running job. Refuses to know which window
sends it.
"""
