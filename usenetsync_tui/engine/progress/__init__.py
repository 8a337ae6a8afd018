"""How a job goes and how it ended: figures, rates, events, tasks.

Knows how counters become what a person reads. Refuses to change anything, and to print.
"""
