"""Formats: bytes in, bytes out. No await, no clock, no disk.

Knows yEnc, NNTP, NZB, compression, sealing, padding, and what the headers of an article say, a
module for each. Refuses to know where bytes come from and where they go.
"""
