"""The screen: shows what the engine says about itself and hands commands back.

Knows the model and Textual. Refuses to know the engine, PostgreSQL and the disk. Imports point
down: `app`, `dashboard`, `commands`, `screens`, `files`, `panes`, `dialogs`, `kit`, `terminal`.
Import `usenetsync_tui.tui.run` first: it sets what Textual reads from the environment on import.
"""
