"""The screen: shows the engine's status and sends it the user's commands.

Knows the model and Textual. Refuses to know the engine, PostgreSQL and the disk. Imports point
down: `app`, `dashboard`, `commands`, `screens`, `files`, `panes`, `dialogs`, `kit`, `terminal`.
Import `usenetsync_tui.tui.run` first: it sets the variables that Textual reads on import.
"""
