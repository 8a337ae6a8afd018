"""Lets the user confirm what cannot be undone."""

from __future__ import annotations

import sys

from anyio import to_thread

from usenetsync_tui.cli.output import voices
from usenetsync_tui.errors import UsageError


def require_terminal(words: str) -> None:
    """`UsageError` with these words where nobody can answer a question."""
    if not sys.stdin.isatty():
        raise UsageError(words)


async def require_answer(words: str, answer: str = "yes") -> None:
    """Print what to type, and read a line; `UsageError` unless that is the answer.

    Spaces around it do not count.
    """
    voices.complain(words)
    typed = await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
    if typed.strip() != answer:
        raise UsageError("Nothing was changed.")


async def confirm(words: str, answer: str, *, yes: bool) -> None:
    """Let the user type an answer before something goes for good; `yes`: he has agreed already."""
    if not yes:
        require_terminal(f"{words} Add --yes to do it without a question.")
        await require_answer(f"{words} Type {answer} to go on.", answer)
