"""How a job goes and how it ended: figures, rates, events, tasks."""
