"""The processes that help another one, as the kernel lists them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest


def helpers_of(pid: int, module: str) -> list[int]:
    """The processes below a process that run a module."""
    found: list[int] = []
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    for child in b" ".join(map(_read, tasks)).split():
        if module.encode() in _read(Path(f"/proc/{int(child)}/cmdline")):
            found += [int(child), *helpers_of(int(child), module)]
    return found


def _read(path: Path) -> bytes:
    """What the kernel says; nothing once the process or thread has ended."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def await_ends(processes: list[int]) -> None:
    """Return when all have ended; fail after a minute."""
    for _ in range(6_000):
        if not any(map(is_alive, processes)):
            return
        time.sleep(0.01)
    pytest.fail("they are still there after a minute")


def is_alive(pid: int) -> bool:
    """Whether a process has not ended."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
