"""The report of a crash of the screen: a traceback without any text that the user typed.

Textual's own report shows the local variables of each frame, and after a crash near a form one of
them holds a password.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.traceback import Trace, Traceback

_MASK = "***"
_SHORTEST = 3
"""Letters of the shortest secret to mask: one or two letters occur in every text."""


def crash_report(error: BaseException | None, secrets: Sequence[str]) -> Traceback:
    """The traceback of the error being handled, else of `error`, without local variables.

    Masks `secrets` in the messages of errors: a message may quote the value that it is about.
    """
    kind, value, traceback = sys.exc_info()
    if value is None or kind is None:
        value = error or RuntimeError("the screen ended without an error")
        kind, traceback = type(value), value.__traceback__
    trace = Traceback.extract(kind, value, traceback, show_locals=False)
    _mask(trace, sorted((s for s in secrets if len(s) >= _SHORTEST), key=len, reverse=True))
    return Traceback(trace, width=None, show_locals=False)


def _mask(trace: Trace, secrets: Sequence[str]) -> None:
    for stack in trace.stacks:
        for secret in secrets:
            stack.exc_value = stack.exc_value.replace(secret, _MASK)
            stack.notes = [note.replace(secret, _MASK) for note in stack.notes]
        for inner in stack.exceptions:
            _mask(inner, secrets)
