"""The nouns of UsenetSync: frozen values and the ports between the parts.

Knows the words of the field. Refuses to know PostgreSQL, the network, the disk and the screen.
Everything may import it; it imports none of our rooms, and besides the standard library `humanize`.
"""
