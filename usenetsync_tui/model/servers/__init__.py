"""Usenet servers, the addresses where programs listen, and what articles are posted as.

Knows what a user configures and what the engine reports. Refuses to know connections.
"""
