"""`usenetsync tui PATH…`: the screen over an engine in its own thread."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from usenetsync_tui.cli import words
from usenetsync_tui.cli.run import environment
from usenetsync_tui.cli.upload import folder_path
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.thread import EngineThread
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands import Upload
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.run import run_screen

_GRACE = 20.0
"""Seconds to drain after a signal: whoever sent it will not wait for ever."""
_LAST_GRACE = 1.5


def tui(paths: tuple[Path, ...], no_mouse: bool) -> None:
    """Run the screen; the folders are uploaded."""
    open_screen(paths, mouse=not no_mouse)


def open_screen(paths: tuple[Path, ...], *, mouse: bool = True) -> None:
    """Run the screen, then end the engine as the user asked."""
    try:
        settings, locations = environment()
        engine = Engine(settings, locations, what="tui")
        for path in paths:
            engine.submit(Upload(folder_path(path)))
        with EngineThread(engine) as thread:
            ended = run_screen(engine, mouse=mouse, keys=settings.keys, theme=settings.theme)
            _end(thread, ended)
    except UsenetSyncError as error:
        words.complain(f"usenetsync: {safe_name(str(error))}")
        sys.exit(error.exit_code)
    sys.exit(ended.exit_code)


def _end(thread: EngineThread, ended: ScreenExit) -> None:
    match ended.reason:
        case ExitReason.DRAIN:
            _drain_patiently(thread)
        case ExitReason.LEAVE:
            thread.leave()
        case ExitReason.SIGNALLED | ExitReason.CRASHED:
            # Whatever hangs, the process ends: the ledger is made for that.
            _end_after(_GRACE + _LAST_GRACE, ended.exit_code)
            if not thread.drain(_GRACE):
                thread.leave()
            _end_after(_LAST_GRACE, ended.exit_code)


def _end_after(seconds: float, code: int) -> None:
    watchdog = threading.Timer(seconds, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()


def _drain_patiently(thread: EngineThread) -> None:
    """Wait for what is in flight; ctrl+c ends the wait, and loses nothing either."""
    previous = signal.signal(signal.SIGINT, lambda *_: thread.leave())
    try:
        if not thread.drain(0.5):
            words.complain("usenetsync: finishing what is in flight (ctrl+c stops at once)")
            thread.drain()
    finally:
        signal.signal(signal.SIGINT, previous)
