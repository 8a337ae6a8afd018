"""The verbs about what is kept: `keep`, `tag` and `protect`.

Knows how they are asked for and what they print. Refuses to know what a rule keeps
(`model.versions.kept_versions`).
"""
