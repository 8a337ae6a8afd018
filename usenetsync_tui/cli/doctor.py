"""`usenetsync doctor`: what may stop this program here, a line each, with what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from functools import partial

import click

from usenetsync_tui.cli import words
from usenetsync_tui.cli.fields import finding_fields
from usenetsync_tui.cli.log import log_to
from usenetsync_tui.cli.options import json_option
from usenetsync_tui.cli.run import Exit, start
from usenetsync_tui.engine.examination import findings
from usenetsync_tui.engine.examine import Opener
from usenetsync_tui.engine.opening import open_catalogue
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands import Examine
from usenetsync_tui.model.findings import GLYPHS, Finding, Grade, good, verdict
from usenetsync_tui.model.terminal_checks import terminal_found
from usenetsync_tui.settings import Settings

_NAME = 10


@click.command(name="doctor")
@click.option(
    "--post",
    is_flag=True,
    help="Also post a small article to each server, and fetch it.  [default: only log in]",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Leave out the sums over the whole catalogue, which take minutes where it is large.  "
    "[default: check them]",
)
@json_option
def doctor(post: bool, quick: bool, as_json: bool) -> None:
    """Check settings, rights, keys, database, disks, clock, network, servers and terminal.

    Exit codes: 0 all good, 3 something to look at (!), 1 something does not work (✗).
    """
    wanted = Examine(post=post, sums=not quick)
    start(lambda: _doctor(wanted, as_json), as_json=as_json, output_is_the_work=True)


async def _doctor(wanted: Examine, as_json: bool) -> Exit:
    found: list[Finding] = []
    async for finding in _found(wanted):
        found.append(finding)
        if as_json:
            words.emit("finding", **finding_fields(finding))
        else:
            _tell(finding)
    if not as_json:
        words.say(verdict(found))
    grades = {finding.grade for finding in found}
    if Grade.BAD in grades:
        return Exit.FAILED
    return Exit.INCOMPLETE if Grade.WARN in grades else Exit.DONE


async def _found(wanted: Examine) -> AsyncIterator[Finding]:
    locations = Locations.find(os.environ)
    log_to(locations.log_dir)

    def opener(settings: Settings) -> Opener:
        return partial(open_catalogue, settings, locations, "doctor")

    async for finding in findings(locations, opener, wanted):
        yield finding
    if not sys.stdout.isatty():
        yield good("terminal", "standard output is no terminal: not looked at")
        return
    size = os.get_terminal_size(sys.stdout.fileno())
    for finding in terminal_found(os.environ, size, sys.stdout.encoding or ""):
        yield finding


def _tell(finding: Finding) -> None:
    words.say(f"{GLYPHS[finding.grade]} {finding.check:{_NAME}} {finding.detail}")
    if finding.advice:
        words.say(f"  {'':{_NAME}} {finding.advice}")
