"""What a user asks of a running engine: one `match` in `dispatch`, and what each request does.

Knows what a command changes in the catalogue and in a job at work. Refuses to know who asked.
"""
