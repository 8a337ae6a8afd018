"""The command `usenetsync` (DESIGN §9), one module for each group of verbs.

Knows all layers: it wires the engine, prints, and sets exit codes. Refuses to do the work itself.
"""
