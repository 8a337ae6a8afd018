"""The command's root: `usenetsync` alone opens the screen."""

from __future__ import annotations

import sys

import click

from usenetsync_tui import __version__
from usenetsync_tui.cli import collector
from usenetsync_tui.cli.allocator import keep_memory
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.root import Root
from usenetsync_tui.cli.shells import register
from usenetsync_tui.cli.verbs.adopt import adopt
from usenetsync_tui.cli.verbs.completion import completion
from usenetsync_tui.cli.verbs.database import db
from usenetsync_tui.cli.verbs.doctor import doctor
from usenetsync_tui.cli.verbs.jobs import list_jobs
from usenetsync_tui.cli.verbs.keeping import keep, protect, tag
from usenetsync_tui.cli.verbs.key import key
from usenetsync_tui.cli.verbs.listing import list_files, list_folders, list_snapshots
from usenetsync_tui.cli.verbs.move import move
from usenetsync_tui.cli.verbs.nzb import nzb
from usenetsync_tui.cli.verbs.questions import cat, diff, find, history, stats
from usenetsync_tui.cli.verbs.restore import restore, verify
from usenetsync_tui.cli.verbs.retention import forget, remove
from usenetsync_tui.cli.verbs.screen import tui
from usenetsync_tui.cli.verbs.serve import serve
from usenetsync_tui.cli.verbs.servers import servers
from usenetsync_tui.cli.verbs.share import share
from usenetsync_tui.cli.verbs.upload import upload

VERBS: dict[str, click.Command] = {
    "upload": upload,
    "restore": restore,
    "verify": verify,
    "nzb": nzb,
    "folders": list_folders,
    "snapshots": list_snapshots,
    "files": list_files,
    "cat": cat,
    "diff": diff,
    "find": find,
    "history": history,
    "stats": stats,
    "share": share,
    "adopt": adopt,
    "move": move,
    "keep": keep,
    "tag": tag,
    "protect": protect,
    "forget": forget,
    "remove": remove,
    "jobs": list_jobs,
    "servers": servers,
    "serve": serve,
    "doctor": doctor,
    "completion": completion,
    "key": key,
    "db": db,
    "tui": tui,
}
"""Every verb, in the order of the help."""


register()


@loaded_from("screen")
def open_screen() -> None:
    """Open the screen, without a folder to upload."""


@click.group(
    cls=Root,
    commands=VERBS,
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
        open_screen(())


def main() -> None:
    """Run the command."""
    tune_interpreter()
    root()


def tune_interpreter() -> None:
    """Tune Python for millions of short-lived rows and threads that alternate often.

    Measured on 200,000 files: with the default switch interval (5 ms) a walk beside a busy thread
    took three times as long.
    """
    keep_memory()
    collector.pause()  # each verb resumes it, once it has loaded what it needs
    sys.setswitchinterval(0.0005)
