"""The command `usenetsync` of DESIGN §9, one module for a group of verbs.

Knows everybody: it wires the engine, prints, and sets exit codes. Refuses to do the work itself.
"""
