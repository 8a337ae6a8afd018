"""Asks the user before something is deleted for good."""

from __future__ import annotations

import sys

from anyio import to_thread

from usenetsync_tui.cli.output import voices
from usenetsync_tui.errors import UsageError


async def confirm(words: str, answer: str, *, yes: bool) -> None:
    """Let the user type an answer. `UsageError` if he does not, or cannot because of no terminal.

    `yes`: he has agreed on the command line. The answer compares without spaces around it.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{words} Add --yes to do it without a question.")
    voices.complain(f"{words} Type {answer} to go on.")
    typed = await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
    if typed.strip() != answer:
        raise UsageError("Nothing was changed.")
