"""Programs in windows of one real tmux server: keys go in, the text on the screen comes out."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PATIENCE = 60.0
"""Seconds that anything may take on a machine that is busy with other tests."""


class TmuxWindow:
    """A session of one pane, with a program in it."""

    def __init__(self, tmux: Sequence[str], name: str, ended: Path) -> None:
        """`ended`: the file that has the exit code of the program in the end."""
        self._tmux, self._name, self._ended = tmux, name, ended

    @property
    def pid(self) -> int:
        """The process id of the program, which a shell in the pane has started."""
        shell = int(self._said("list-panes", "-t", self._name, "-F", "#{pane_pid}"))
        children = Path(f"/proc/{shell}/task/{shell}/children")
        limit = time.monotonic() + PATIENCE
        while not (found := children.read_text().split()):
            assert time.monotonic() < limit, f"{self._name}: does not start"
            time.sleep(0.05)
        return int(found[0])

    def press(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        self._said("send-keys", "-t", self._name, *keys)

    @property
    def text(self) -> str:
        """What it shows; the last that it showed, once the program has ended."""
        return self._said("capture-pane", "-p", "-t", self._name)

    @property
    def exit_code(self) -> int | None:
        """None while the program runs."""
        text = self._ended.read_text() if self._ended.exists() else ""
        return int(text) if text.endswith("\n") else None

    def until(self, condition: Callable[[str], object], what: str) -> str:
        """Wait for a condition of the text; returns the text."""
        limit = time.monotonic() + PATIENCE
        while not condition(text := self.text):
            assert time.monotonic() < limit, f"{self._name}: {what}\n{text}"
            time.sleep(0.1)
        return text

    def shows(self, words: str) -> str:
        """Wait until these words are on the screen; returns the text."""
        return self.until(lambda text: words in text, f"does not show {words!r}")

    def ended(self) -> int:
        """Wait until the program has ended; returns its exit code."""
        self.until(lambda text: self.exit_code is not None, "does not end")
        code = self.exit_code
        assert code is not None
        return code

    def _said(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words], capture_output=True, check=True, text=True, errors="replace"
        ).stdout


class Tmux:
    """A tmux server that belongs to the block."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment`: of the programs."""
        self._folder = tempfile.TemporaryDirectory(prefix="tmux-")
        # A worker of pytest has the size of some terminal in its environment; a window has its own.
        own = {k: v for k, v in environment.items() if k not in ("COLUMNS", "LINES")}
        self._environment = {**own, "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        self._tmux = ("tmux", "-L", f"usenetsync-{os.getpid()}-{id(self)}", "-f", "/dev/null")
        self._count = 0

    def __enter__(self) -> Tmux:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
        self._folder.cleanup()

    def open(self, size: tuple[int, int], *program: str) -> TmuxWindow:
        """Start a program in a window of so many columns and rows."""
        columns, rows = map(str, size)
        self._count += 1
        name = f"{columns}x{rows}-{self._count}"
        start = ["new-session", "-d", "-s", name, "-x", columns, "-y", rows]
        ended = Path(self._folder.name) / name
        # tmux 3.3 knows the exit codes of most programs only.
        command = f"{shlex.join(program)}; echo $? > {ended}"
        # The pane stays when the program has ended.
        keep = [";", "set-option", "-t", name, "-w", "remain-on-exit", "on"]
        subprocess.run([*self._tmux, *start, command, *keep], check=True, env=self._environment)
        return TmuxWindow(self._tmux, name, ended)
