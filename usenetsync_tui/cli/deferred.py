"""Loads the code of a verb when it runs, not when it is declared.

`cli.verbs` declares every verb with its options and imports no library except click, so that help
and completion answer at once. The work is a function of the same name in `cli.actions`, which
imports what it needs. Refuses to know what the verbs do.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from importlib import import_module
from typing import Any


class Deferred:
    """A stand-in for the function of the same name in another module."""

    def __init__(self, module: str, declared: Callable[..., None]) -> None:
        """`declared` gives the name and the help text; its body never runs."""
        update_wrapper(self, declared)
        self.module = module
        self._name = declared.__name__

    def load(self) -> Callable[..., None]:
        """The function itself; the first call imports its module."""
        with _interrupt_held():
            function = getattr(import_module(self.module), self._name)
        assert callable(function)
        return function  # type: ignore[no-any-return]

    def __call__(self, *arguments: Any, **options: Any) -> None:
        """Run the function."""
        self.load()(*arguments, **options)


def loaded_from(module: str) -> Callable[[Callable[..., None]], Deferred]:
    """The decorated function is in `usenetsync_tui.cli.actions.MODULE`."""
    return lambda declared: Deferred(f"usenetsync_tui.cli.actions.{module}", declared)


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Ctrl+C takes effect when the block ends.

    A KeyboardInterrupt in the middle of an import can be lost, and leave the lock of Python's
    import system (`importlib._bootstrap._get_module_lock`) held for ever: then the next thread
    that imports something waits without end.
    """
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
