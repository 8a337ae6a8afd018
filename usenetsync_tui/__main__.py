"""The entry point of the command `usenetsync`."""

from __future__ import annotations

import sys

from usenetsync_tui.cli import streams


def main() -> None:
    """Run the command; before anything else, make the standard streams usable."""
    streams.make_safe()
    # This import may open files, so descriptors 0, 1 and 2 must be open before it.
    from usenetsync_tui.cli.command import main as command

    try:
        try:
            command()
        finally:
            sys.stdout.flush()  # so that a failure is raised here, not when Python ends
    except streams.OutputLostError as lost:
        sys.exit(streams.exit_code(lost))


if __name__ == "__main__":
    main()
