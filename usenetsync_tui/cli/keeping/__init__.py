"""The options that say which versions are kept, and how a user reads what they keep.

Knows what a user types and reads. Refuses to know which versions a rule keeps
(`model.versions.kept_versions`).
"""
