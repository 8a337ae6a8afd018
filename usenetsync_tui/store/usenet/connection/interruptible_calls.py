"""Calls that cannot be interrupted, made so that the caller can stop waiting.

A name lookup blocks while the name servers are silent, even when the user cancels. `apart` makes
such a call in a thread of its own and waits for it in small steps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_STEP = 0.1
"""Seconds between the caller's checks of `given_up`."""


class GivenUpError(Exception):
    """The caller gave up waiting for the result."""


class _Call(Generic[T]):
    def __init__(self, call: Callable[[], T], unwanted: Callable[[T], None] | None) -> None:
        self._call = call
        self._unwanted = unwanted
        self._lock = threading.Lock()
        self._abandoned = False
        self.done = threading.Event()
        self.results: list[T] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            result = self._call()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self.error = error
        else:
            with self._lock:
                self.results.append(result)
                abandoned = self._abandoned
            if abandoned and self._unwanted is not None:
                self._unwanted(result)
        self.done.set()

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            results = list(self.results)
        if results and self._unwanted is not None:
            self._unwanted(results[0])


def call_interruptibly(
    call: Callable[[], T],
    *,
    seconds: float,
    given_up: Callable[[], bool],
    unwanted: Callable[[T], None] | None = None,
) -> T:
    """The result of `call`, or its error.

    `TimeoutError` after `seconds`, `GivenUpError` soon after `given_up` returns true: the call
    continues in its thread, and `unwanted` gets a result that comes too late.
    """
    job = _Call(call, unwanted)
    threading.Thread(target=job.run, name="usenet call", daemon=True).start()
    left = seconds
    while not job.done.wait(min(_STEP, max(0.0, left))):
        left -= _STEP
        if given_up():
            job.abandon()
            raise GivenUpError
        if left <= 0:
            job.abandon()
            raise TimeoutError(f"no answer for {seconds:g} seconds")
    if job.error is not None:
        raise job.error
    return job.results[0]
