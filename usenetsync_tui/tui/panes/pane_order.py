"""The panes of the dashboard, in the order of their numbers."""

PANES = ("folders", "files", "workers", "errors", "log", "servers", "database")
UPPER = PANES[:2]
LOWER = PANES[2:]
"""Those of which one shows at a time, below the others."""
LABELS = dict(
    zip(PANES, ("Folders", "Files", "Workers", "Errors", "Log", "Servers", "Database"), strict=True)
)
