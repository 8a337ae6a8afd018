"""Who holds a data folder: what the starter of the server wrote beside the cluster.

For people to read, and for how long to wait; the lock alone decides (``server_lock.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from usenetsync_tui.postgres.embedded import pid_files
from usenetsync_tui.postgres.embedded.places import ServerPlaces
from usenetsync_tui.postgres.embedded.process_location import ProcessLocation

FILE = "usenetsync.holder"


@dataclass(frozen=True, slots=True)
class Holder:
    """The last server that was started on a data folder."""

    where: ProcessLocation
    since: str
    """When, in local time."""

    pid: int | None
    """Its process id, which means something only where it runs."""

    def __str__(self) -> str:
        process = f", process {self.pid} there" if self.pid is not None else ""
        return f"host {self.where.host}{process}, since {self.since}"


def record(now: datetime) -> str:
    """The text of the file: us, now. The server's process id is in ``postmaster.pid``."""
    here = ProcessLocation.here()
    return f"host {here.host}\nroom {here.room}\nsince {now.astimezone(UTC).isoformat()}\n"


def read(places: ServerPlaces) -> Holder | None:
    """The last server that was started; None when an earlier program started it, or nobody."""
    try:
        text = (places.pgdata / FILE).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    try:
        since = datetime.fromisoformat(fields["since"]).astimezone()
        where = ProcessLocation(fields["host"], fields["room"])
    except (KeyError, ValueError):
        return None  # Damaged; it is information only.
    pid = pid_files.said_pid(places.pid_file)
    return Holder(where, f"{since:%Y-%m-%d %H:%M:%S}", pid)
