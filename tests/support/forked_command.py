"""Runs the command many times, each in its own process, in an environment that a test sets.

A program that reads cases from standard input and writes how they ended to standard output, both as
JSON. It imports the command once and forks for each case: imports take most of a short command.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT, CLOSED, FULL, LEFT, TERMINAL = "kept", "closed", "full", "left", "terminal"
"""Kinds of streams: a file to read back, no descriptor, a full disk, a pipe without a reader, a
terminal of 20 columns."""

_MODULES = (
    "upload", "restoring.restore", "verify", "nzb", "listing", "servers", "database", "screen",
    "jobs", "doctor",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A command line and its streams."""

    argv: list[str]
    stdin: str = KEPT
    stdout: str = KEPT
    stderr: str = KEPT
    grows: str = ""
    """A file to which the case first adds a line."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of the environment in addition to those of the tests."""
    uid: int = 0
    """The user and group to run as, without HOME; 0: unchanged."""


@dataclass(frozen=True)
class Ended:
    """How a case ended."""

    code: int
    out: str
    err: str


def run_forked(cases: list[Case], environment: Mapping[str, str]) -> list[Ended]:
    """Run the cases one after the other, by this program in its own process."""
    ended = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps([asdict(case) for case in cases]),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return [Ended(**fields) for fields in json.loads(ended.stdout)]


def _descriptor(kind: str, kept: int) -> int | None:
    """A descriptor to use as a stream."""
    if kind == FULL:
        return os.open("/dev/full", os.O_WRONLY)
    if kind == LEFT:
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return None if kind == CLOSED else kept


def _stream(number: int, kind: str, kept: int) -> Any:
    """Replace a stream by a descriptor, with the text stream that Python would create."""
    descriptor = _descriptor(kind, kept)
    if descriptor is None:
        os.close(number)
        return None
    os.dup2(descriptor, number)
    mode = "r" if number == 0 else "w"
    return io.TextIOWrapper(
        io.FileIO(number, mode, closefd=False)  # type: ignore[type-var]
        if mode == "r"
        else io.BufferedWriter(io.FileIO(number, mode, closefd=False)),
        encoding="utf-8",
    )


def _run(case: Case, terminal: int, out: int, err: int) -> None:
    """The forked child; never returns."""
    code = 70
    try:
        if case.grows:
            with open(case.grows, "a") as file:
                file.write("more\n")
        nothing = os.open(os.devnull, os.O_RDONLY)
        sys.stdin = _stream(0, case.stdin, terminal if case.stdin == TERMINAL else nothing)
        sys.stdout = _stream(1, case.stdout, terminal if case.stdout == TERMINAL else out)
        sys.stderr = _stream(2, case.stderr, terminal if case.stderr == TERMINAL else err)
        sys.argv = ["usenetsync", *case.argv]
        os.environ.update(case.variables)
        if case.uid:
            os.environ.pop("HOME", None)
            os.setgroups([])
            os.setgid(case.uid)
            os.setuid(case.uid)
        from usenetsync_tui.__main__ import main

        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - what a process would show
        os.write(err, traceback.format_exc().encode())
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)


def _ended(case: Case) -> Ended:
    far, near = pty.openpty()
    fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 20, 0, 0))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _run(case, near, out.fileno(), err.fileno())
        os.close(near)
        shown = b""
        try:
            while data := os.read(far, 65536):
                shown += data
        except OSError:
            pass  # the last process on the terminal has ended
        os.close(far)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        if TERMINAL in (case.stdout, case.stderr):
            return Ended(status, shown.decode(errors="replace"), err.read().decode())
        return Ended(status, out.read().decode(), err.read().decode())


def main() -> None:
    """Run the cases, one after the other."""
    for module in _MODULES:
        __import__(f"usenetsync_tui.cli.actions.{module}")
    import usenetsync_tui.cli.command  # noqa: F401 - for the children

    cases = [Case(**fields) for fields in json.load(sys.stdin)]
    json.dump([asdict(_ended(case)) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
