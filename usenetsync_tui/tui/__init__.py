"""The screen: shows the engine's status and sends it the user's commands.

Knows the model and Textual. Refuses to know the engine, PostgreSQL and the disk. Imports point
down: `app`, `dashboard`, `commands`, `screens`, `files`, `panes`, `dialogs`, `kit`, `terminal`.
Import `usenetsync_tui.tui.run` first: it sets the variables that Textual reads on import.

What opens over the dashboard (`screens`, `keeping`, the forms of `dialogs`) is imported by the
function that opens it: to load it all would take a tenth of the time until the first frame.
"""
