"""What versions say about a folder, and which of them a policy keeps.

Knows history, changes and keep rules. Refuses to know how versions are made and removed.
"""
