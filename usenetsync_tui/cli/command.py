"""The command's root: `usenetsync` alone opens the screen."""

from __future__ import annotations

import gc
import sys

import click

from usenetsync_tui import __version__
from usenetsync_tui.cli.allocator import keep_memory
from usenetsync_tui.cli.lazy import LazyGroup, Verb

_HERE = "usenetsync_tui.cli"

VERBS = {
    "upload": Verb(f"{_HERE}.upload", "upload", "Make a new version of each folder at PATHS."),
    "restore": Verb(f"{_HERE}.restore", "restore", "Bring a version of FOLDER back into TARGET."),
    "verify": Verb(
        f"{_HERE}.restore", "verify", "Check that the store still holds every article of FOLDER."
    ),
    "nzb": Verb(
        f"{_HERE}.nzb",
        "nzb",
        "Write the articles of FOLDER, kept with --profile plain, as an NZB file.",
    ),
    "folders": Verb(f"{_HERE}.listing", "list_folders", "List the folders that are backed up."),
    "snapshots": Verb(f"{_HERE}.listing", "list_snapshots", "List the versions of FOLDER."),
    "files": Verb(f"{_HERE}.listing", "list_files", "List the files of a version of FOLDER."),
    "jobs": Verb(
        f"{_HERE}.jobs",
        "list_jobs",
        "List the latest jobs, or how JOB ended and every problem it recorded.",
    ),
    "servers": Verb(
        f"{_HERE}.servers", "servers", "List the Usenet servers of the settings, or test them."
    ),
    "doctor": Verb(
        f"{_HERE}.doctor",
        "doctor",
        "Check settings, rights, keys, database, disks, clock, network, servers and terminal.",
    ),
    "completion": Verb(
        f"{_HERE}.completion",
        "completion",
        "Print the script that completes this command in SHELL: bash, zsh or fish.",
    ),
    "db": Verb(f"{_HERE}.database", "db", "Look at, start and stop the embedded database."),
    "tui": Verb(
        f"{_HERE}.screen",
        "tui",
        "Open the screen; add the folders at PATHS and start uploading them.",
    ),
}
"""Every verb: where it is, and the first sentence of its help."""


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="usenetsync")
@click.pass_context
def root(context: click.Context) -> None:
    """Versioned snapshots of huge folders on Usenet. Alone it opens the screen.

    Exit codes: 0 done, 1 failed, 2 wrong use, 3 finished but incomplete, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        from usenetsync_tui.cli.screen import open_screen

        open_screen(())


def main() -> None:
    """Run the command."""
    _tune_interpreter()
    root()


def _tune_interpreter() -> None:
    """Rows by the million are made and dropped; threads take turns every few microseconds.

    Measured on 200,000 files: the collector's walks over fresh rows took 13 % of a second
    upload, and the default switch interval (5 ms) made a walk beside a busy thread three
    times as long.
    """
    keep_memory()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    sys.setswitchinterval(0.0005)
