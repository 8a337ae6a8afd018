"""`usenetsync tui PATH…`: opens the screen, with an engine in a thread of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from usenetsync_tui.cli.actions.upload import sorted_out
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.run import Exit, environment
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.thread import EngineThread
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands import Upload
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.run import run_screen

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
    try:
        settings, locations = environment()
        kept, refused = sorted_out(paths)
        problems = [safe_name(str(each.error)) for each in refused]
        if paths and not kept:
            _complain(problems)
            sys.exit(max(each.error.exit_code for each in refused))
        engine = Engine(settings, locations, what="tui")
        for path in kept:
            engine.submit(Upload(path))
        for problem in problems:
            engine.report(problem)
        with EngineThread(engine) as thread:
            ended = run_screen(
                engine, mouse=mouse, keys=settings.keys, theme=settings.theme, problems=problems
            )
            _end(thread, ended)
    except UsenetSyncError as error:
        _complain([safe_name(str(error))])
        sys.exit(error.exit_code)
    _complain(problems)
    sys.exit(ended.exit_code or (Exit.INCOMPLETE if problems else Exit.DONE))


def _complain(problems: Iterable[str]) -> None:
    for problem in problems:
        voices.complain(f"usenetsync: {problem}")


def _end(thread: EngineThread, ended: ScreenExit) -> None:
    match ended.reason:
        case ExitReason.DRAIN:
            _drain_patiently(thread)
        case ExitReason.LEAVE:
            thread.leave()
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


def _drain_patiently(thread: EngineThread) -> None:
    """Wait for articles in flight; Ctrl+C ends the wait, and nothing is lost."""
    previous = signal.signal(signal.SIGINT, lambda *_: thread.leave())
    try:
        if not thread.drain(0.5):
            voices.complain("usenetsync: finishing articles in flight (Ctrl+C stops at once)")
            thread.drain()
    finally:
        signal.signal(signal.SIGINT, previous)
