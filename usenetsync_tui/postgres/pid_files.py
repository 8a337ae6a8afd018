"""What PostgreSQL's lock files say, and whether it is true.

A file may outlive its server, and its process id go to another program. A process counts as
the server only when it is a ``postgres -D`` of this very cluster, under the cluster's owner.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_STATUS_LINE = 7


def server_in(file: Path, pgdata: Path) -> int | None:
    """The process id in the first line of a lock file, if that is the server of ``pgdata``."""
    first = _lines(file)[0].strip()
    return int(first) if first.isdigit() and _is_server(int(first), pgdata) else None


def is_misleading(file: Path, pgdata: Path) -> bool:
    """Whether a lock file is damaged, or names a process that exists but is no such server."""
    first = _lines(file)[0].strip()
    if not first.isdigit():
        return True
    try:
        os.kill(int(first), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_server(int(first), pgdata)


def says(file: Path, status: str) -> bool:
    """Whether the server last wrote that it is ``starting``, ``ready`` or ``stopping``."""
    lines = _lines(file)
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == status


def is_running(pid: int) -> bool:
    """Whether there is such a process, other than one that ended and was not reaped yet."""
    try:
        os.kill(pid, 0)
        if sys.platform != "linux":
            return True
        # Not by an empty command line: a process has that for a moment in its exec as well.
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
    """The lines of a lock file; at least one, empty when there is no file."""
    try:
        # The second line is a path, which need not be text.
        return file.read_bytes().decode(errors="replace").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return [""]
