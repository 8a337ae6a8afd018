"""The change of the secret that wraps the keys of folders, and the report about it.

Knows the order of the steps, so that a kill between any two leaves a secret that opens everything.
Refuses to know how keys are wrapped (`codec.key_wrapping`), and who asks.
"""
