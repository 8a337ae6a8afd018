"""The far end of a program's terminal: every byte with its time, and what it makes of the screen.

It knows pseudo-terminals and the frames our panes are drawn in. It refuses to know what is
measured: keys go in, times come out. Bytes are read as soon as they come and interpreted
(by pyte) only when nothing waits to be read, so the model does not delay the clock.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

from .measuring import ENVIRONMENT

QUIET = 0.06
"""Seconds without a byte after which a burst of output is over."""
_TOP, _TOP_END, _FOOT = "╭┌┏╔", "╮┐┓╗", "╰└┗╚"
_ROW = re.compile(r"row ([\d,]+) / ([\d,]+)(\+?)")
_WAITING = re.compile(r"[\s>●*]*…[\s▁-▐]*")
_TAIL = 0.002
"""Seconds between two looks at a file that another process writes."""


_FOREIGN = ("USENETSYNC_", "TEXTUAL_", "SSH_", "NO_COLOR", "TMUX")


class StuckError(RuntimeError):
    """The program did not do what was waited for."""


def environment(home: Path) -> dict[str, str]:
    """What the screen is started with: a home, and a terminal of the usual kind."""
    kept = {k: v for k, v in ENVIRONMENT.items() if not k.startswith(_FOREIGN)}
    # Colours as most terminals have them: the longest escape sequences.
    return kept | {
        "USENETSYNC_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONUTF8": "1",
    }


@dataclass(frozen=True, slots=True)
class Pane:
    """A framed pane of the screen: its frame's words, and the lines inside."""

    title: str
    lines: tuple[str, ...]
    subtitle: str
    picture: tuple[tuple[pyte.screens.Char, ...], ...]
    """All of its cells with their colours."""

    @property
    def row(self) -> int:
        """The number of the row the cursor is on, from 1; 0 when the frame does not say."""
        found = _ROW.search(self.subtitle)
        return int(found[1].replace(",", "")) if found else 0

    @property
    def total(self) -> int:
        """The rows of the list; 0 while they are not counted."""
        found = _ROW.search(self.subtitle)
        return int(found[2].replace(",", "")) if found and not found[3] else 0

    @property
    def waiting(self) -> int:
        """How many rows are not here yet."""
        return sum(1 for line in self.lines if _WAITING.fullmatch(line))

    @property
    def filled(self) -> bool:
        """Whether there is a row below the header, and none is missing."""
        return len(self.lines) > 1 and bool(self.lines[1].strip()) and not self.waiting


class Model:
    """What a terminal shows after the bytes it was sent."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)

    def feed(self, data: bytes) -> None:
        """Take what the program has sent."""
        self._stream.feed(data)

    @property
    def lines(self) -> list[str]:
        """Cell by cell, so that an index is a column (the second half of a wide one is NUL)."""
        buffer, columns = self.screen.buffer, range(self.screen.columns)
        return ["".join(buffer[y][x].data or "\0" for x in columns) for y in self._rows]

    @property
    def _rows(self) -> range:
        return range(self.screen.lines)

    def shows(self, words: str) -> bool:
        """Whether some words are on the screen."""
        return any(words in line for line in self.lines)

    def pane(self, title: str) -> Pane | None:
        """The pane whose frame begins with a title, if it is there as a whole."""
        lines = self.lines
        for top, line in enumerate(lines):
            at = line.find(title)
            left = max(line.rfind(corner, 0, at) for corner in _TOP) if at > 0 else -1
            ends = [end for corner in _TOP_END if (end := line.find(corner, at)) > 0]
            feet = [y for y in range(top + 1, len(lines)) if lines[y][left] in _FOOT]
            if left < 0 or not ends or not feet:
                continue
            right, foot = min(ends), feet[0]
            buffer = self.screen.buffer
            return Pane(
                line[at:right],
                tuple(text[left + 1 : right] for text in lines[top + 1 : foot]),
                lines[foot][left:right],
                tuple(
                    tuple(buffer[y][x] for x in range(left, right + 1))
                    for y in range(top, foot + 1)
                ),
            )
        return None


class FarEnd:
    """A program in a pseudo-terminal; this process, or a child of it, reads what it sends."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        size: tuple[int, int],
        directory: Path,
        through: Path | None = None,
    ) -> None:
        """`size`: columns and rows. `through`: a child copies the output into this file."""
        columns, rows = size
        self.model = Model(columns, rows)
        self.chunks: list[tuple[float, bytes]] = []
        """All output: when it was read, and the bytes."""
        self._fed = 0
        self._copier: subprocess.Popen[bytes] | None = None
        self._end, near = pty.openpty()
        self._source = self._end
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        try:
            self.process = subprocess.Popen(
                command,
                stdin=near,
                stdout=near,
                stderr=near,
                cwd=directory,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            )
        finally:
            os.close(near)
        if through is not None:
            with open(through, "wb") as copy:
                self._copier = subprocess.Popen(
                    ["cat"], stdin=self._end, stdout=copy, stderr=subprocess.DEVNULL
                )
            self._source = os.open(through, os.O_RDONLY)

    def press(self, keys: str) -> float:
        """Write keys; the time just before."""
        at = time.perf_counter()
        os.write(self._end, keys.encode())
        return at

    def listen(self, seconds: float) -> bool:
        """Read what is there, or comes within some seconds; False when nothing came."""
        deadline = time.perf_counter() + seconds
        while True:
            data = self._read(max(0.0, deadline - time.perf_counter()))
            if data:
                self.chunks.append((time.perf_counter(), data))
                return True
            if time.perf_counter() >= deadline:
                return False

    def _read(self, seconds: float) -> bytes:
        if self._copier is None and not select.select([self._source], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._source, 1 << 16)
        except OSError:  # EIO: the program has closed its terminal
            data = b""
        if not data:
            time.sleep(min(seconds, _TAIL))
        return data

    def listen_for(self, seconds: float) -> None:
        """Read for some seconds."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self.listen(left)

    def interpret(self) -> None:
        """Bring the model to what has been read."""
        for _, data in self._unfed():
            self.model.feed(data)

    def _unfed(self) -> list[tuple[float, bytes]]:
        chunks, self._fed = self.chunks[self._fed :], len(self.chunks)
        return chunks

    def until(self, condition: Callable[[Model], bool], seconds: float = 20) -> float:
        """The time of the first output after which something is on the screen."""
        deadline = time.perf_counter() + seconds
        while True:
            self.listen(0.05)
            while self.listen(0):
                pass
            for number, (at, data) in enumerate(chunks := self._unfed(), 1):
                self.model.feed(data)
                if condition(self.model):
                    self._fed -= len(chunks) - number
                    return at
            if time.perf_counter() > deadline or self.process.poll() is not None:
                raise StuckError("\n".join(["it did not come to the screen:", *self.model.lines]))

    def settle(
        self, title: str, condition: Callable[[Pane], bool], seconds: float = 20
    ) -> tuple[float, float]:
        """When a pane was as it should be, and when output changed it last before it was quiet.

        What changes elsewhere on the screen is not counted. Raises `StuckError`, also when
        nothing has changed.
        """
        pane = self.model.pane(title)
        before, right, last = pane.picture if pane else None, 0.0, 0.0
        deadline = time.perf_counter() + seconds
        while True:
            while self.listen(QUIET) and time.perf_counter() < deadline:
                pass
            for at, data in self._unfed():
                self.model.feed(data)
                pane = self.model.pane(title)
                if pane and pane.picture != before:
                    before, last = pane.picture, at
                    right = right or (at if condition(pane) else 0.0)
            if right and pane is not None and condition(pane):
                return right, last
            if time.perf_counter() > deadline or self.process.poll() is not None:
                raise StuckError("\n".join(["it did not settle:", *self.model.lines]))

    def pictures(self, title: str) -> Iterator[tuple[float, Pane]]:
        """A pane after each piece of output that was not interpreted yet."""
        for at, data in self._unfed():
            self.model.feed(data)
            if (pane := self.model.pane(title)) is not None:
                yield at, pane

    def stall(self) -> None:
        """The child that reads stops reading."""
        assert self._copier is not None
        os.kill(self._copier.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """It reads again."""
        assert self._copier is not None
        os.kill(self._copier.pid, signal.SIGCONT)

    def wait(self, seconds: float) -> int | None:
        """Read until the program ends; its exit code, None when it did not."""
        deadline = time.perf_counter() + seconds
        while self.process.poll() is None and time.perf_counter() < deadline:
            self.listen(0.1)
        self.listen_for(0.1)
        return self.process.poll()

    def close(self) -> None:
        """End the program and the child that reads, whatever became of them."""
        if self._copier is not None:
            self.go_on()
        if self.process.poll() is None:
            self.process.terminate()
            if self.wait(40) is None:
                self.process.kill()
                self.process.wait()
        if self._copier is not None:
            self._copier.terminate()
            self._copier.wait()
            os.close(self._source)
        os.close(self._end)
