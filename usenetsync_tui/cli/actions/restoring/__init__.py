"""The verb `restore`: its options, its plan and its job.

Knows what is checked and asked before a restore begins. Refuses to know how a recovery string is
read (`by_string`).
"""
