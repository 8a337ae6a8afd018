"""`usenetsync tui PATH…`: opens the screen, with an engine in a thread of its own.

The order is for the user who waits for the screen: first what the first frame needs, then the
frame, then the settings and the engine, in its thread.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from usenetsync_tui.cli import collector
from usenetsync_tui.cli.actions.folders_typed import sorted_out
from usenetsync_tui.cli.exit_codes import Exit
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.surroundings import hint, own_locations, settings_in_force
from usenetsync_tui.engine.thread import EngineThread
from usenetsync_tui.errors import UsageError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.settings.appearance import Appearance, appearance
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.run import run_screen

if TYPE_CHECKING:
    from usenetsync_tui.engine.engine import Engine

_GRACE = 20.0
"""Seconds to drain after a signal, since its sender does not wait forever."""
_LAST_GRACE = 1.5


def tui(paths: tuple[Path, ...], no_mouse: bool) -> None:
    """Run the screen, and upload the folders."""
    open_screen(paths, mouse=not no_mouse)


def open_screen(paths: tuple[Path, ...], *, mouse: bool = True) -> None:
    """Run the screen, then end the engine as the user asked.

    Reports each folder that cannot be uploaded; if that is every one, no screen opens.
    """
    hints: list[str] = []
    try:
        locations = own_locations()
        looks = appearance(locations.config_dir, os.environ)
        kept, refused = sorted_out(paths)
        problems = [safe_name(str(each.error)) for each in refused]
        if paths and not kept:
            settings_in_force(locations)  # their problems come first, as in every verb
            _complain(problems)
            sys.exit(max(each.error.exit_code for each in refused))

        def make() -> Engine:
            engine, unused = _made(locations, problems)
            hints[:] = unused
            return engine

        thread = EngineThread(make, lambda: (settings_in_force(locations)[0], locations))
        for folder in kept:
            thread.submit(Upload(folder))
        with thread:
            ended = _shown(thread, locations, looks, problems, mouse=mouse)
            _end(thread, locations, ended)
    except UsenetSyncError as error:
        hint(tuple(hints))
        _complain([safe_name(str(error))])
        sys.exit(error.exit_code)
    hint(tuple(hints))
    _complain(problems)
    sys.exit(ended.exit_code or (Exit.INCOMPLETE if problems else Exit.DONE))


def _made(locations: Locations, problems: Iterable[str]) -> tuple[Engine, Sequence[str]]:
    """The engine, and hints about the settings; nothing may print while the screen is open."""
    from usenetsync_tui.engine.engine import Engine

    settings, hints = settings_in_force(locations)
    collector.resume()
    engine = Engine(settings, locations, what="tui", asks=True)
    for problem in problems:
        engine.report(problem)
    return engine, hints


def _shown(
    thread: EngineThread,
    locations: Locations,
    looks: Appearance,
    problems: Sequence[str],
    *,
    mouse: bool,
) -> ScreenExit:
    try:
        return run_screen(
            thread,
            mouse=mouse,
            keys=looks.keys,
            theme=looks.theme,
            bell_after=looks.bell_after,
            problems=problems,
            painted=thread.begin,
        )
    except UsageError:  # there is no terminal
        settings_in_force(locations)  # their problems come first, as in every verb
        raise


def _complain(problems: Iterable[str]) -> None:
    for problem in problems:
        voices.complain(f"usenetsync: {problem}")


def _end(thread: EngineThread, locations: Locations, ended: ScreenExit) -> None:
    match ended.reason:
        case ExitReason.DRAIN | ExitReason.REFUSED:
            _drain_patiently(thread)
        case ExitReason.LEAVE:
            thread.leave()
        case ExitReason.BACKGROUND:
            _go_on_in_background(thread, locations)
        case ExitReason.DETACH:
            holder = thread.status.holder
            thread.leave()
            if holder is not None:
                voices.complain(f"usenetsync: the engine goes on: {safe_name(str(holder))}")
        case ExitReason.SIGNALLED | ExitReason.CRASHED:
            # The process ends even if something hangs: the ledger makes that safe.
            _end_after(_GRACE + _LAST_GRACE, ended.exit_code)
            if not thread.drain(_GRACE):
                thread.leave()
            _end_after(_LAST_GRACE, ended.exit_code)


def _end_after(seconds: float, code: int) -> None:
    watchdog = threading.Timer(seconds, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()


def _go_on_in_background(thread: EngineThread, locations: Locations) -> None:
    """Let a service take over; it waits for the catalogue while this engine finishes."""
    from usenetsync_tui.cli.service.successor import Successor

    successor = Successor(locations)
    _drain_patiently(thread, hand_over=True)
    voices.complain(f"usenetsync: {successor.taken_over(settings_in_force(locations)[0])}")


def _drain_patiently(thread: EngineThread, *, hand_over: bool = False) -> None:
    """Wait for articles in flight; Ctrl+C ends the wait, and nothing is lost."""
    previous = signal.signal(signal.SIGINT, lambda *_: thread.leave())
    try:
        if not thread.drain(0.5, hand_over=hand_over):
            voices.complain("usenetsync: finishing articles in flight (Ctrl+C stops at once)")
            thread.drain(hand_over=hand_over)
    finally:
        signal.signal(signal.SIGINT, previous)
