"""The holder of a data folder: a file in the cluster, written by the process that starts a server.

Used for messages and for how long to wait; only the lock decides (``server_lock.py``).
"""

from __future__ import annotations

from datetime import UTC, datetime

from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.embedded import pid_files
from usenetsync_tui.postgres.embedded.process_location import ProcessLocation
from usenetsync_tui.postgres.embedded.server_paths import ServerPaths

FILE = "usenetsync.holder"


@value_object
class Holder:
    """The last server that was started on a data folder."""

    where: ProcessLocation
    since: str
    """When it was started, in local time."""

    pid: int | None
    """Its process id, valid only where it runs."""

    def __str__(self) -> str:
        process = f", process {self.pid} there" if self.pid is not None else ""
        return f"host {self.where.host}{process}, since {self.since}"


def record(now: datetime) -> str:
    """The text of the file for this process. The server's process id is in ``postmaster.pid``."""
    here = ProcessLocation.here()
    return f"host {here.host}\nroom {here.room}\nsince {now.astimezone(UTC).isoformat()}\n"


def read(paths: ServerPaths) -> Holder | None:
    """The last server that was started; None if there was none, or an earlier program did it."""
    try:
        text = (paths.pgdata / FILE).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    try:
        since = datetime.fromisoformat(fields["since"]).astimezone()
        where = ProcessLocation(fields["host"], fields["room"])
    except (KeyError, ValueError):
        return None  # Damaged; it is information only.
    pid = pid_files.written_pid(paths.pid_file)
    return Holder(where, f"{since:%Y-%m-%d %H:%M:%S}", pid)
