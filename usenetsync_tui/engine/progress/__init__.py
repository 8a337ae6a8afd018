"""The progress and the end of jobs: figures, rates, events, tasks.

Knows how counters become figures and sentences. Refuses to change anything, and to print.
"""
