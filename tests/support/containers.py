"""Containers, as far as they matter for a data folder: process namespaces of their own.

Each has its own process ids, /proc and host name, and on request its own System V IPC and /dev/shm;
all share the files. The first process reaps no children, as in many containers.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc", "--uts", "--kill-child")
_IN_IT = ("--pid", "--mount", "--uts")


def _works() -> bool:
    try:
        return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_containers = pytest.mark.skipif(
    not _works(), reason="no process namespaces here: unshare(1) is missing or refused"
)


class Container:
    """One process namespace, and the processes in it."""

    def __init__(self, name: str, *, own_ipc: bool = False, processes: int = 0) -> None:
        """`own_ipc`: its own System V IPC and /dev/shm. Starts so many idle `processes`."""
        self._own_ipc = own_ipc
        script = [
            f"hostname {name}",
            "mount -t tmpfs shm /dev/shm" if own_ipc else ":",
            f"for i in $(seq {processes}); do sleep infinity & done",
            "echo begun",
            "exec sleep infinity",
        ]
        ipc = ["--ipc"] if own_ipc else []
        self._unshare = subprocess.Popen(
            [*_UNSHARE, *ipc, "sh", "-ec", "\n".join(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._unshare.stdout is not None
        assert self._unshare.stdout.readline() == b"begun\n"
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        (self._init,) = map(int, children.read_text().split())

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The arguments that run `argv` inside."""
        ipc = ["--ipc"] if self._own_ipc else []
        return ["nsenter", "--target", str(self._init), *_IN_IT, *ipc, "--", *argv]

    def kill(self) -> None:
        """`kill -9` of its first process: the kernel kills all the others with it."""
        if self._unshare.poll() is None:
            os.kill(self._init, 9)
            self._unshare.wait()
            assert self._unshare.stdout is not None
            self._unshare.stdout.close()


@contextmanager
def container(name: str, *, own_ipc: bool = False, processes: int = 0) -> Iterator[Container]:
    """A container, killed at the end."""
    made = Container(name, own_ipc=own_ipc, processes=processes)
    try:
        yield made
    finally:
        made.kill()


def servers_at(pgdata: Path) -> list[int]:
    """The postmasters that use a data folder, in any container, by the ids that we see."""
    wanted = pgdata.stat()
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            argv = (entry / "cmdline").read_bytes().split(b"\0")
            where = (entry / "cwd").stat()
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # It has just ended.
        is_there = (where.st_dev, where.st_ino) == (wanted.st_dev, wanted.st_ino)
        if is_there and argv[0].endswith(b"/postgres") and argv[1:2] == [b"-D"]:
            parents[int(entry.name)] = parent
    # A process of a server looks like its postmaster until it has set its own title.
    return [pid for pid, parent in parents.items() if parent not in parents]


def wait_until_gone(pgdata: Path, patience: float = 20.0) -> None:
    """Wait until no postmaster works in a data folder."""
    until = time.monotonic() + patience
    while servers_at(pgdata):
        assert time.monotonic() < until, "the server does not end"
        time.sleep(0.02)
