"""Runs the screen in this terminal, or reports why it cannot."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.ports.engine import EngineHandle
from usenetsync_tui.tui.exits import ExitReason, ScreenExit

_HEADLESS = "For scripts and pipes there is `usenetsync upload PATH`, which needs no screen."
_FOR_SLOW_LINKS = {
    "TEXTUAL_FPS": "15",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
}

_LISTENERS = ("TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_DEBUG")


def run_screen(
    handle: EngineHandle,
    *,
    mouse: bool = True,
    keys: Mapping[str, str] | None = None,
    theme: str = "",
    bell_after: int = 0,
    problems: Sequence[str] = (),
    painted: Callable[[], object] = bool,
) -> ScreenExit:
    """Show the engine until the user quits, a signal ends the screen, or the screen crashes.

    `bell_after`: the seconds of work from which the end of a job rings the bell; 0: never.
    `problems`: sentences about problems at start-up; the caller makes names in them safe.
    `painted` is called once the first frame is on its way to the terminal.

    Blocks the calling thread, which must be the main one. Does not drain the engine: the caller
    does, after this returns. Raises `UsageError` when there is no terminal to draw on. After
    SIGHUP, standard output and error lead to the null device, and SIGHUP is ignored.
    """
    check_terminal(os.environ)
    prepare_environment(os.environ)
    # Textual reads its settings from the environment when it is imported.
    from usenetsync_tui.tui.app import UsenetSyncApp
    from usenetsync_tui.tui.terminal.driver import GracefulExit

    ascii_only = not supports_unicode(sys.__stderr__)
    app = UsenetSyncApp(
        handle,
        ascii_only=ascii_only,
        few_colors=has_few_colors(os.environ),
        keys=keys,
        theme=theme,
        bell_after=bell_after,
        problems=problems,
        painted=painted,
    )
    with GracefulExit(app.end_on_signal) as graceful_exit:
        result = app.run(mouse=mouse)
    if graceful_exit.signum:
        return ScreenExit(ExitReason.SIGNALLED, graceful_exit.signum)
    return result if result is not None else ScreenExit(ExitReason.CRASHED)


def check_terminal(environment: MutableMapping[str, str]) -> None:
    """Raise `UsageError` if the terminal cannot show a screen.

    Textual reads standard input and draws on standard error.
    """
    if environment.get("TERM", "") in ("", "dumb"):
        raise UsageError(
            f"This terminal (TERM={environment.get('TERM', '')}) cannot show a screen. {_HEADLESS}"
        )
    for stream in (sys.__stdin__, sys.__stderr__):
        if stream is None or not stream.isatty():
            raise UsageError(f"The screen needs a terminal. {_HEADLESS}")


def prepare_environment(environment: MutableMapping[str, str]) -> None:
    """Make Textual send less over SSH, unless the user has set its variables.

    Removes the variables for Textual's log and developer console: those record every key press.
    """
    for name in _LISTENERS:
        environment.pop(name, None)
    if "SSH_CONNECTION" in environment:
        for name, value in _FOR_SLOW_LINKS.items():
            environment.setdefault(name, value)


def supports_unicode(stream: object) -> bool:
    """Whether a text stream's encoding has our glyphs."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return codecs.lookup(encoding).name.startswith("utf")


def has_few_colors(environment: Mapping[str, str]) -> bool:
    """Whether TERM and COLORTERM, read as rich reads them, mean sixteen colours or fewer.

    256 colours mapped to sixteen lose their greys: frames and cursor would be black.
    """
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return False
    term = environment.get("TERM", "").strip().lower()
    return term.rpartition("-")[2] not in ("256color", "direct", "kitty")
