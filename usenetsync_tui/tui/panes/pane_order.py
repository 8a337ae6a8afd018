"""The panes of the dashboard, in the order of their numbers."""

PANES = ("folders", "files", "workers", "errors", "log", "servers", "database")
UPPER = PANES[:2]
LOWER = PANES[2:]
"""The panes below the others, of which one is displayed at a time."""
LABELS = dict(
    zip(PANES, ("Folders", "Files", "Workers", "Errors", "Log", "Servers", "Database"), strict=True)
)
