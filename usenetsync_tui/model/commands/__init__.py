"""Every command to a running engine: frozen values, handled in one `match`.

Knows what a user may ask for. Refuses to know how it is done. `command` joins them all.
"""
