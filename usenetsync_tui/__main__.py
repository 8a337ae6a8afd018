"""The command `usenetsync`."""

from __future__ import annotations

import sys

from usenetsync_tui.cli import streams


def main() -> None:
    """Run the command; before anything else, make sure of the streams it was given."""
    streams.make_safe()
    # What this imports may open files: not before the descriptors 0, 1 and 2 are taken.
    from usenetsync_tui.cli.command import main as command

    try:
        try:
            command()
        finally:
            sys.stdout.flush()  # what is left fails here, and not when Python ends
    except streams.OutputLostError as lost:
        sys.exit(streams.exit_code(lost))


if __name__ == "__main__":
    main()
