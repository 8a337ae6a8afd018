"""What the user wants kept: the keep rules of a folder, tags and protection of its versions.

Knows their columns. Refuses to know which versions the rules keep
(`model.versions.kept_versions`), and how others are forgotten (`catalogue.tables.forgetting`).
"""
