"""`usenetsync doctor`: prints what may stop this program on this machine, with advice."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from functools import partial

from usenetsync_tui.cli.log import log_to
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import finding_fields
from usenetsync_tui.cli.run import Exit, start, waits_said
from usenetsync_tui.engine.doctor.checks import Opener
from usenetsync_tui.engine.doctor.examination import findings
from usenetsync_tui.engine.opening import open_catalogue
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.machine.findings import GLYPHS, Finding, Grade, good, verdict
from usenetsync_tui.model.machine.terminal_checks import terminal_found
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.settings.settings import Settings

_NAME = 10


def doctor(post: bool, quick: bool, as_json: bool) -> None:
    """Print every finding. Ends the process with 0, 3 (a warning) or 1 (something is wrong)."""
    wanted = Examine(post=post, sums=not quick)
    start(lambda: _doctor(wanted, as_json), as_json=as_json, output_is_the_work=True)


async def _doctor(wanted: Examine, as_json: bool) -> Exit:
    found: list[Finding] = []
    waits = Waits()
    async with waits_said(waits) as begin_to_print:
        begin_to_print()
        async for finding in _found(wanted, waits):
            found.append(finding)
            if as_json:
                voices.emit("finding", **finding_fields(finding))
            else:
                _tell(finding)
    if not as_json:
        voices.say(verdict(found))
    grades = {finding.grade for finding in found}
    if Grade.BAD in grades:
        return Exit.FAILED
    return Exit.INCOMPLETE if Grade.WARN in grades else Exit.DONE


async def _found(wanted: Examine, waits: Waits) -> AsyncIterator[Finding]:
    locations = Locations.find(os.environ)
    log_to(locations.log_dir)

    def opener(settings: Settings) -> Opener:
        return partial(open_catalogue, settings, locations, "doctor", waits=waits)

    async for finding in findings(locations, opener, wanted, waits):
        yield finding
    if not sys.stdout.isatty():
        yield good("terminal", "standard output is not a terminal: not checked")
        return
    size = os.get_terminal_size(sys.stdout.fileno())
    for finding in terminal_found(os.environ, size, sys.stdout.encoding or ""):
        yield finding


def _tell(finding: Finding) -> None:
    voices.say_beside(f"{GLYPHS[finding.grade]} {finding.check:{_NAME}} ", finding.detail)
    if finding.advice:
        voices.say_beside(f"  {'':{_NAME}} ", finding.advice)
