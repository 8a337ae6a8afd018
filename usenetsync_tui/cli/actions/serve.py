"""`usenetsync serve`: the engine without a window.

An engine ends when its database is lost. This makes another one, with growing pauses, until it is
told to stop: the new one takes the jobs up from the ledger, so nothing is posted twice.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from math import inf

import anyio
import anyio.abc

from usenetsync_tui.cli import collector
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import error_fields
from usenetsync_tui.cli.run import Exit, environment
from usenetsync_tui.cli.service.event_log import ServiceLog
from usenetsync_tui.cli.service.now import now_in_words
from usenetsync_tui.cli.service.service_manager import ServiceManager
from usenetsync_tui.cli.service.unit import Unit
from usenetsync_tui.cli.signals import listened_to
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.progress.listening import Listening
from usenetsync_tui.errors import (
    CatalogueHeldError,
    CatalogueVersionError,
    SettingsError,
    UsageError,
    UsenetSyncError,
    leading_error,
)
from usenetsync_tui.model.backoff import growing
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.settings.settings import Settings, load_settings
from usenetsync_tui.wire.schema import wire_schema

_LOOK = 0.2
"""Seconds between two looks at the engine."""
_PAUSE = growing(1.0, longest=60.0)
"""Seconds until another engine is made."""
_HEALTHY = 60.0
"""Seconds after which an engine's failure is the first one again."""
_LAST_RESORT = 60.0
"""Seconds to stop in, before the process is ended; the ledger makes that safe."""
_AT_WORK = (EngineState.IDLE, EngineState.RUNNING, EngineState.PAUSED)
_HOPELESS = (UsageError, CatalogueVersionError)
"""What does not get better with time."""


def serve(take_over: bool, unit: bool, schema: bool, quiet: bool, as_json: bool) -> None:
    """Work until a signal. Ends the process with its exit code."""
    if unit:
        voices.say(own_unit().text.rstrip("\n"))
        return
    if schema:
        voices.say(json.dumps(wire_schema(), indent=2))
        return
    collector.resume()
    try:
        service = _Service(Voice(as_json, quiet), take_over=take_over)
        code = anyio.run(service.run)
    except UsenetSyncError as error:
        if as_json:
            voices.emit("error", **error_fields(error))
        else:
            voices.complain(f"usenetsync: {safe_name(str(error))}")
        code = Exit(error.exit_code)
    sys.exit(int(code))


def own_unit() -> Unit:
    """The unit of this program, for the user who asks."""
    found = shutil.which(sys.argv[0]) or sys.argv[0]
    is_module = os.path.basename(found) == "__main__.py"
    program = (sys.executable, "-m", "usenetsync_tui") if is_module else (os.path.abspath(found),)
    home = os.environ.get("USENETSYNC_HOME", "")
    return Unit((*program, "serve"), os.path.abspath(home) if home else "", os.geteuid() == 0)


class _Service:
    """One engine after the other."""

    def __init__(self, voice: Voice, *, take_over: bool) -> None:
        """Raises `SettingsError`."""
        self._manager = ServiceManager(os.environ)
        self._settings, self._locations = environment()
        self._voice = voice
        self._patience = inf if take_over else 0.0
        self._log = ServiceLog(self._locations.log_dir, self._show)
        self._engine: Engine | None = None
        self._listening = Listening(self._locations, self._status, lasting=True)
        self._signalled = 0
        self._signed_at = -inf

    async def run(self) -> Exit:
        """Work until a signal. Raises what does not get better with time."""
        try:
            async with anyio.create_task_group() as group:
                await group.start(self._listen)
                await self._work()
                group.cancel_scope.cancel()
        except BaseExceptionGroup as error:
            raise leading_error(error) from None
        finally:
            await self._listening.close()
            self._log.close()
            self._manager.close()
        return Exit.DONE

    async def _work(self) -> None:
        failures = 0
        while not self._signalled:
            began = time.monotonic()
            try:
                await self._one_engine()
                return  # a signal, or another window, has drained it
            except CatalogueHeldError:
                raise  # not a line in the log, which is the holder's
            except _HOPELESS as error:
                self._log.write(Event(time.time(), Severity.BAD, f"ended: {error}"), show=False)
                raise
            except UsenetSyncError as error:
                if self._signalled:
                    return
                failures = 1 if time.monotonic() - began >= _HEALTHY else failures + 1
                pause = _PAUSE(failures)
                self._say(Severity.WARN, f"starting again in {pause:.0f} s")
                await self._pause(pause, str(error))
                self._settings = self._settings_now()

    async def _one_engine(self) -> None:
        """Run an engine to its end. Raises what ended it, and `CatalogueHeldError`."""
        engine = Engine(
            self._settings,
            self._locations,
            what="serve",
            patience=self._patience,
            listening=self._listening,
        )
        self._engine = engine
        self._log.begin_engine()
        if self._signalled:
            engine.submit(Drain())
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, engine)
                await engine.run(until_idle=False, view_only=False)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as error:
            failure = leading_error(error)
            if not isinstance(failure, CatalogueHeldError):
                self._log.take(engine.status.events)
            raise failure from None
        self._log.take(engine.status.events)

    async def _watch(self, engine: Engine) -> None:
        """Say what the engine does; end it when it can do nothing more."""
        seen = None
        while True:
            status = engine.status
            if status is not seen:  # its event loop and its heartbeat are alive
                seen = status
                self._tell_manager(now_in_words(status))
            if status.state is EngineState.FAILED:
                engine.submit(Drain())  # it would stay, for a user who looks at it
            else:
                self._log.take(status.events)
            if status.state in _AT_WORK:
                self._patience = inf  # it was ours: its holder of now will end
                self._manager.ready()
            await anyio.sleep(_LOOK)

    async def _pause(self, seconds: float, why: str) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._signalled:
            self._tell_manager(f"{why} Next try in {left:.0f} s.")
            await anyio.sleep(_LOOK)

    def _tell_manager(self, words: str) -> None:
        self._manager.status(safe_name(words))
        every = self._manager.watchdog_every
        if every is not None and time.monotonic() - self._signed_at < every / 2:
            return
        self._signed_at = time.monotonic()
        self._manager.still_starting()
        self._manager.alive()

    async def _listen(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        with anyio.open_signal_receiver(*listened_to()) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    self._log.reopen()
                    continue
                self._signalled += 1
                if self._signalled > 1:
                    self._say(Severity.WARN, "stopped at once")
                    os._exit(Exit.INTERRUPTED)
                self._stop(signal.Signals(number).name)

    def _stop(self, name: str) -> None:
        self._manager.stopping()
        self._say(Severity.INFO, f"{name}: finishing articles in flight; a second one stops now")
        watchdog = threading.Timer(_LAST_RESORT, os._exit, (Exit.INTERRUPTED,))
        watchdog.daemon = True
        watchdog.start()
        if self._engine is not None:
            self._engine.submit(Drain())

    def _status(self) -> EngineStatus:
        engine = self._engine
        return EngineStatus(EngineState.STARTING) if engine is None else engine.status

    def _settings_now(self) -> Settings:
        """The settings as they are now; those of before when they have become wrong."""
        try:
            return load_settings(self._locations.config_dir)
        except SettingsError as error:
            self._say(Severity.BAD, str(error))
            return self._settings

    def _say(self, severity: Severity, text: str) -> None:
        self._log.write(Event(time.time(), severity, text))

    def _show(self, event: Event) -> None:
        """Print an event; the work goes on without a reader."""
        with suppress(OSError, ValueError):
            if self._voice.as_json:
                voices.emit(
                    "log",
                    at=datetime.fromtimestamp(event.at, UTC),
                    severity=event.severity,
                    message=event.text,
                )
            elif not self._voice.quiet or event.severity is not Severity.INFO:
                voices.complain(event.text)
