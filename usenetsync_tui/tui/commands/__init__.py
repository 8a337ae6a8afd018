"""The `:` line, the palette, and the screen that offers the same actions everywhere.

Knows how a line is read, which action it means, and what a screen offers now. Refuses to know what
an action does: `actions` does.
"""
