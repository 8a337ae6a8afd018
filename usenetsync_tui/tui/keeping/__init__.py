"""The forms about what is kept: keep rules, tags, and what is forgotten.

Knows fields, and how they show what stays and what goes. Refuses to know what a rule keeps
(`model.versions.kept_versions`), and how a version is forgotten.
"""
