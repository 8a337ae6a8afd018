"""The nouns of UsenetSync: frozen values and the ports between the parts.

Knows the words of the field; refuses to know PostgreSQL, the network, the disk, the clock
and the screen. Everything may import it; it imports only the standard library and humanize.
"""
