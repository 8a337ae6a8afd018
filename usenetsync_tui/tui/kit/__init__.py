"""The kit: widgets, lines of inked text and paged lists.

Knows Textual, cells and colours. Refuses to know an engine, a pane or a dialog.
"""
