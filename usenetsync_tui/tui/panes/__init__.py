"""The panes of the dashboard: each a widget, beside it the pure functions that draw its lines.

Knows how to show a status. Refuses to know where it comes from, and how panes are laid out.
"""
