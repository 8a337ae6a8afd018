"""What brings a catalogue or a folder back: recovery strings, keys, backups.

Knows what a user types and what a report shows. Refuses to know any cipher.
"""
