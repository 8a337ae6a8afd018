"""The command `usenetsync`."""

from __future__ import annotations

from usenetsync_tui.cli.command import main

if __name__ == "__main__":
    main()
