"""The panes of the dashboard: each is a widget, with pure functions beside it that draw its lines.

Knows how to show a status. Refuses to know where the status comes from.
"""
