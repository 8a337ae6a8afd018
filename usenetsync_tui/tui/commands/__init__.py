"""The `:` line, the palette, and the screen that offers the same actions everywhere.

Knows how a line is parsed, which action it calls, and which actions a screen offers now. Refuses to
know what an action does: `actions` knows.
"""
