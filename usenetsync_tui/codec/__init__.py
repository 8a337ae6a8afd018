"""Formats: bytes in, bytes out. No await, no clock, no disk."""
