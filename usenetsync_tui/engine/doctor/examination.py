"""An examination of this machine: what `doctor` finds, for the command and for the screen.

Knows the order of the checks, and how an examination runs beside the engine's other work. The
checks themselves are in `checks`; each window examines its own terminal.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.engine.doctor import checks
from usenetsync_tui.engine.doctor.checks import Opener
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.trials import next_step
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.machine.findings import Finding, Grade, bad, good, verdict, warn
from usenetsync_tui.model.servers.server_address import host_and_port
from usenetsync_tui.model.servers.servers import Server, Tls
from usenetsync_tui.model.status.tasks import Examination, TrialStep
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.settings.settings import Settings, load_settings
from usenetsync_tui.settings.sources import CONFIG_NAME
from usenetsync_tui.store.usenet.diagnosis import diagnose

_TROUBLING = ("tls", "clock")
"""Steps of a server's test that are reported when they are neither good nor bad."""


class Examinations:
    """The latest examination; a new one stops it."""

    def __init__(
        self, locations: Locations, opener: Callable[[Settings], Opener], events: EventLog
    ) -> None:
        """`opener` returns how to open the catalogue with the settings now in the file."""
        self._locations = locations
        self._opener = opener
        self._events = events
        self._scope: anyio.CancelScope | None = None
        self._number = 0
        self.latest: Examination | None = None
        self._commands: deque[Command] = deque()

    def submit(self, command: Command) -> None:
        """Leave an `Examine` or a `StopExamining`; from any thread, never waits."""
        self._commands.append(command)

    def obey(self, group: TaskGroup) -> None:
        """Obey the commands left so far."""
        while self._commands:
            command = self._commands.popleft()
            if isinstance(command, Examine):
                self.begin(group, command)
            else:
                self.stop()

    def begin(self, group: TaskGroup, wanted: Examine) -> None:
        """Begin a new examination."""
        self.stop()
        self._scope = anyio.CancelScope()
        self._number += 1
        self.latest = Examination(self._number)
        group.start_soon(self._run, self._scope, self.latest, wanted)

    def stop(self) -> None:
        """Stop the examination; its findings stay."""
        if self._scope is not None:
            self._scope.cancel()
        if self.latest is not None and not self.latest.over:
            self.latest = replace(self.latest, over=True, stopped=True)

    async def _run(self, scope: anyio.CancelScope, seen: Examination, wanted: Examine) -> None:
        with scope:
            try:
                async for finding in findings(self._locations, self._opener, wanted, Waits()):
                    seen = replace(seen, findings=(*seen.findings, finding))
                    if scope is self._scope:
                        self.latest = seen
            except Exception as error:  # noqa: BLE001 - reported, and ends nothing else
                failure = leading_error(error)
                seen = replace(seen, problem=safe_name(str(failure) or type(failure).__name__))
                self._events.bad(f"the examination ended early: {seen.problem}")
        if scope.cancel_called:
            return
        self.latest = replace(seen, over=True)
        if not seen.problem:
            troubles = any(finding.grade is not Grade.GOOD for finding in seen.findings)
            say = self._events.warn if troubles else self._events.info
            say(f"this machine was examined: {verdict(seen.findings)}")


async def findings(
    locations: Locations, opener: Callable[[Settings], Opener], wanted: Examine, waits: Waits
) -> AsyncIterator[Finding]:
    """Yield every finding as soon as it is made, except those of the terminal.

    `waits` announces what a check waits for.
    """
    servers: tuple[Server, ...] = ()
    try:
        settings = load_settings(locations.config_dir)
        servers = settings.usenet_servers(os.environ)
    except UsenetSyncError as error:
        advice = "Correct it: the database and the servers can be checked only after that."
        yield bad("settings", safe_name(str(error)), advice)
        for finding in checks.rights(locations, locations.config_dir / CONFIG_NAME):
            yield finding
    else:
        for finding in checks.settings_found(settings, locations):
            yield finding
        database = checks.database_found(settings, locations, opener(settings), sums=wanted.sums)
        async for finding in database:
            yield finding
    for finding in checks.room(locations):
        yield finding
    yield checks.clock(time.time(), checks.newest_file(locations))
    # A proxy resolves the name itself.
    with waits.announced(Waiting("waiting for the name server", what=WaitsFor.SERVER)):
        found = await _names([server.host for server in servers if not server.proxy])
    yield found
    for server in servers:
        yield await _server(server, settings, waits, post=wanted.post)


async def _names(hosts: list[str]) -> Finding:
    """Check that names can be resolved. A stop does not wait for a name server."""
    given_up = threading.Event()
    check = partial(checks.name_servers, hosts, given_up=given_up.is_set)
    try:
        return await to_thread.run_sync(check, abandon_on_cancel=True)
    finally:
        given_up.set()


async def _server(server: Server, settings: Settings, waits: Waits, *, post: bool) -> Finding:
    """Test a server: the finding names the step that failed, or one that is doubtful."""
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
