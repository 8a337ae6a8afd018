"""The verbs of the command, a module for a group of them.

Knows the options and the output of each verb. Refuses to know how the work is done: a verb calls
the engine, or asks the catalogue.
"""
