"""`usenetsync doctor`: what may stop this program here, a line each, with what to do about it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import AsyncIterator

from anyio import to_thread

from usenetsync_tui.cli import examine, words
from usenetsync_tui.cli.fields import finding_fields
from usenetsync_tui.cli.log import log_to
from usenetsync_tui.cli.run import Exit, start, waits_said
from usenetsync_tui.cli.servers import next_step
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.findings import Finding, Grade, bad, good, warn
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.server_address import host_and_port
from usenetsync_tui.model.servers import Server, Tls
from usenetsync_tui.model.status import TrialStep
from usenetsync_tui.model.waiting import Waiting, Waits
from usenetsync_tui.settings import CONFIG_NAME, Settings, load_settings
from usenetsync_tui.store.usenet.diagnosis import diagnose

_GLYPHS = {Grade.GOOD: "✓", Grade.WARN: "!", Grade.BAD: "✗"}
_NAME = 10
_TROUBLING = ("tls", "clock")
"""Steps of a server's test that are worth a look when they are neither good nor bad."""


def doctor(post: bool, quick: bool, as_json: bool) -> None:
    """Print every finding. Ends the process with 0, 3 (a warning) or 1 (something is wrong)."""
    start(lambda: _doctor(post, quick, as_json), as_json=as_json, output_is_the_work=True)


async def _doctor(post: bool, quick: bool, as_json: bool) -> Exit:
    counts: Counter[Grade] = Counter()
    waits = Waits()
    async with waits_said(waits) as begin_to_print:
        begin_to_print()
        async for finding in _findings(waits, post=post, sums=not quick):
            counts[finding.grade] += 1
            if as_json:
                words.emit("finding", **finding_fields(finding))
            else:
                _tell(finding)
    if not as_json:
        words.say(_verdict(counts))
    if counts[Grade.BAD]:
        return Exit.FAILED
    return Exit.INCOMPLETE if counts[Grade.WARN] else Exit.DONE


async def _findings(waits: Waits, *, post: bool, sums: bool) -> AsyncIterator[Finding]:
    """Every finding, as soon as it is made."""
    locations = Locations.find(os.environ)
    log_to(locations.log_dir)
    servers: tuple[Server, ...] = ()
    try:
        settings = load_settings(locations.config_dir)
        servers = settings.usenet_servers(os.environ)
    except UsenetSyncError as error:
        advice = "Correct it: the database and the servers can be checked only after that."
        yield bad("settings", safe_name(str(error)), advice)
        for finding in examine.rights(locations, locations.config_dir / CONFIG_NAME):
            yield finding
    else:
        for finding in examine.settings_found(settings, locations):
            yield finding
        async for finding in examine.database_found(settings, locations, waits, sums=sums):
            yield finding
    for finding in examine.room(locations):
        yield finding
    yield examine.clock(time.time(), examine.newest_file(locations))
    looked_up = [s.host for s in servers if not s.proxy]  # a proxy resolves the name itself
    with waits.announced(Waiting("waiting for the name server")):
        found = await to_thread.run_sync(examine.name_servers, looked_up, abandon_on_cancel=True)
    yield found
    for server in servers:
        yield await _server(server, settings, waits, post=post)
    for finding in examine.terminal(os.environ):
        yield finding


async def _server(server: Server, settings: Settings, waits: Waits, *, post: bool) -> Finding:
    """What a server's test comes to: the step that failed, else what is worth a look."""
    where = host_and_port(server.host, server.port)
    steps: dict[str, TrialStep] = {}
    groups, poster = (settings.newsgroups, settings.poster) if post else ((), "")
    found = diagnose(server, newsgroups=groups, poster=poster)
    while (step := await next_step(found, server, waits)) is not None:
        steps[step.name] = step
        if step.ok is False:
            return bad(server.name, f"{where}: {step.name} failed", safe_name(step.detail))
    if server.tls is Tls.NONE:
        advice = 'Set tls to "implicit" or "starttls": everybody in between can read and change it.'
        return warn(server.name, f"{where} works, not encrypted", advice)
    for name in _TROUBLING:
        if name in steps and steps[name].ok is None:
            return warn(server.name, f"{where} works, but see", safe_name(steps[name].detail))
    done = [name for name in ("tls", "login", "posting", "read back") if _passed(steps, name)]
    return good(server.name, f"{where} works ({', '.join(done) or 'connects'})")


def _passed(steps: dict[str, TrialStep], name: str) -> bool:
    return name in steps and steps[name].ok is True


def _tell(finding: Finding) -> None:
    glyph = _GLYPHS[finding.grade]
    words.say_beside(f"{glyph} {finding.check:{_NAME}} ", finding.detail)
    if finding.advice:
        words.say_beside(f"  {'':{_NAME}} ", finding.advice)


def _verdict(counts: Counter[Grade]) -> str:
    problems = plural(counts[Grade.BAD], "problem")
    warnings = plural(counts[Grade.WARN], "warning")
    if counts[Grade.BAD]:
        return f"{problems}, {warnings}." if counts[Grade.WARN] else f"{problems}."
    return f"{warnings}." if counts[Grade.WARN] else "All good."
