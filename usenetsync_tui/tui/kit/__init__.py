"""Widgets, lines of coloured text and paged lists that every part of the screen uses.

Knows Textual, cells and colours. Refuses to know an engine, a pane or a dialog.
"""
