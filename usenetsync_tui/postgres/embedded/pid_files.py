"""The content of PostgreSQL's lock file ``postmaster.pid``, and whether it is true.

The file may outlive its server, its process id may belong to another program or to another
container, and its content may be anything. A process counts as the server only if it is a
``postgres -D`` of this cluster and runs as the cluster's owner.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_STATUS_LINE = 7
_PID = re.compile(r"[1-9][0-9]{0,9}")
LARGEST_PID = (1 << 31) - 1
_MOST_BYTES = 1 << 14


def server_in(file: Path, pgdata: Path) -> int | None:
    """The process id in the first line of a lock file, if it is the server of ``pgdata``."""
    pid = written_pid(file)
    return pid if pid is not None and _is_server(pid, pgdata) else None


def written_pid(file: Path) -> int | None:
    """The process id in the first line, of any namespace; None when it is not a valid one."""
    first = _lines(file)[0].strip()
    pid = int(first) if _PID.fullmatch(first) else 0
    return pid if 0 < pid <= LARGEST_PID else None


def has_status(file: Path, status: str) -> bool:
    """Whether the server's last status is this one: ``starting``, ``ready`` or ``stopping``."""
    lines = _lines(file)
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == status


def is_running(pid: int) -> bool:
    """Whether this process runs; False for one that has ended but was not reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It belongs to another user.
    if sys.platform != "linux":
        return True
    try:
        # An empty command line is no proof: a process also has it for a moment during exec.
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
        return state not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _is_server(pid: int, pgdata: Path) -> bool:
    if sys.platform != "linux":
        done = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        return "postgres" in done.stdout and f"-D {pgdata}" in done.stdout
    try:
        owner = Path(f"/proc/{pid}").stat().st_uid
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return (
            argv[0].endswith(b"/postgres")
            and argv[1:3] == [b"-D", os.fsencode(pgdata)]
            and owner == pgdata.stat().st_uid
        )
    except (FileNotFoundError, ProcessLookupError):
        return False


def _lines(file: Path) -> list[str]:
    """The lines of a lock file; one empty line when there is no file."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return [""]
    try:
        content = os.read(descriptor, _MOST_BYTES)
    except IsADirectoryError:
        return [""]
    finally:
        os.close(descriptor)
    # The second line is a path, which need not be text.
    return content.decode(errors="replace").split("\n")
