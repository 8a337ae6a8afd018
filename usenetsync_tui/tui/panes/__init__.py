"""The panes of the dashboard: each a widget, beside it the pure functions that draw its lines."""
