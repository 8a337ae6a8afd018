"""Output to a terminal that may stall or disconnect while the screen is on.

A write error ends Textual's writer thread, and its bounded queue then blocks the event loop for
good; a terminal that only stops reading blocks it too. `TerminalOutput`, through which all output
goes, survives both: once the terminal is gone or given up, it discards everything.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

from usenetsync_tui.tui.terminal.pen import slim

_RESTORE = (
    b"\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?7h\x1b[?1049l\x1b[?25h"
)
"""Keyboard, mouse, paste and focus reports off, line wrap and cursor on, main screen."""

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
"""The type of handler that `signal.signal` takes and returns."""


class TerminalOutput:
    """A text file to the terminal that discards all output once the terminal is gone."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._writer: int | None = None
        self.gone = False
        self.on_gone: Callable[[], None] | None = None

    def write(self, text: str) -> None:
        """Write the text, or discard it when the terminal is gone."""
        self._writer = threading.get_ident()
        self._guarded(lambda: self._file.write(text))

    def flush(self) -> None:
        """Flush, or do nothing when the terminal is gone."""
        self._guarded(self._file.flush)

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether the file is a terminal."""
        return self._file.isatty()

    def _guarded(self, action: Callable[[], object]) -> None:
        if self.gone:
            return
        try:
            action()
        except OSError:
            self.discard_all()

    def discard_all(self) -> None:
        """Discard all further output, Textual's and ours."""
        if self.gone:
            return
        self.gone = True
        silence(self._file.fileno())
        if self.on_gone is not None:
            self.on_gone()

    def give_up(self, signum: int) -> None:
        """Free a writer that blocks because the terminal does not read.

        The descriptor now leads to the null device, and a signal (which must have a handler)
        makes the interrupted `write` start again, on that device. The real terminal gets the
        escape sequences that restore it, in case it reads again.
        """
        descriptor = self._file.fileno()
        terminal = os.dup(descriptor)
        self.discard_all()
        if self._writer is not None:
            signal.pthread_kill(self._writer, signum)
        threading.Thread(target=_restore, args=(terminal,), daemon=True).start()


def silence(*descriptors: int) -> None:
    """Point descriptors, and standard output if it is a terminal, at the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in {*descriptors, *([1] if os.isatty(1) else [])}:
        os.dup2(null, descriptor)
    os.close(null)


def _restore(terminal: int) -> None:
    # Drop the output that waits to be read, to make room. It may end inside an escape sequence,
    # which CAN (0x18) ends. If the write blocks all the same: this is a daemon thread.
    try:
        termios.tcflush(terminal, termios.TCOFLUSH)
        os.write(terminal, b"\x18" + _RESTORE)
    except (OSError, termios.error):
        return  # The terminal is gone, there is nothing to restore.
    finally:
        os.close(terminal)


class TerminalDriver(LinuxDriver):
    """Textual's driver, writing through a `TerminalOutput`."""

    output: TerminalOutput | None = None
    """Set by `GracefulExit`, because Textual constructs the driver with its own arguments."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if self.output is not None:
            self._file = self.output  # type: ignore[assignment]

    def write(self, data: str) -> None:
        """Send text with as few escape sequences as possible: see `slim`."""
        super().write(slim(data))


class GracefulExit:
    """Ends the screen on SIGHUP, SIGTERM and SIGINT, even when its event loop is stuck.

    A context around `App.run()`. Python runs these handlers on the main thread even while that
    thread waits for a lock; a signal handler of the event loop would wait for the loop. If the
    screen has not ended `grace` seconds after the signal, calls `TerminalOutput.give_up`.
    """

    def __init__(self, end: Callable[[int], None], *, grace: float = 3.0) -> None:
        """Calls `end` once, on any thread, with the signal number; `end` must not block."""
        self._end = end
        self._grace = grace
        self._called = threading.Event()
        self._over = threading.Event()
        self._previous: dict[int, Handler] = {}
        self._output = TerminalOutput(sys.__stderr__) if sys.__stderr__ is not None else None
        # Create the thread now: a signal handler that starts one may deadlock on a lock.
        self._watchdog = threading.Thread(target=self._watch, name="graceful_exit", daemon=True)
        self.signum = 0

    def __enter__(self) -> GracefulExit:
        if self._output is not None:
            self._output.on_gone = lambda: self._leave(signal.SIGHUP)
        TerminalDriver.output = self._output
        for signum in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(signum) is signal.SIG_IGN:
                continue  # the parent process ignores it for us, as nohup does
            self._previous[signum] = signal.signal(signum, lambda number, _: self._leave(number))
        self._watchdog.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._called.set()
        self._watchdog.join()
        TerminalDriver.output = None
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)
        if self.signum == signal.SIGHUP:
            # A closing terminal may send SIGHUP again, and it reads nothing any more: neither may
            # disturb the drain that follows.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if self._output is not None:
                self._output.discard_all()

    def _leave(self, signum: int) -> None:
        if self.signum:
            return
        self.signum = signum
        self._called.set()
        self._end(signum)

    def _watch(self) -> None:
        self._called.wait()
        if not self._over.wait(self._grace) and self._output is not None:
            self._output.give_up(signal.SIGTERM)
