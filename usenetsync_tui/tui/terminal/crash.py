"""What is shown when the screen crashes: where, and what went wrong; nothing of what was typed.

Textual's own report shows the locals of each frame, and a password is among them as soon as
something breaks near a form.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.traceback import Trace, Traceback

_MASK = "***"
_SHORTEST = 3
"""Letters of a secret that is masked: one letter stands everywhere."""


def crash_report(error: BaseException | None, secrets: Sequence[str]) -> Traceback:
    """The traceback of the error that is being handled, else of `error`; no locals in it.

    `secrets` are masked in what errors say: a message may quote what it complains of.
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
