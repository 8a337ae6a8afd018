"""Where one embedded server lives: its cluster, its socket, its locks, its log.

Paths are decided here and nowhere else. An ordinary user's server lives in the data folder.
Root's server, which runs as another user, lives there only when that user can pass; else in
a folder of ``/var/lib/usenetsync`` named after the data folder. In the home of another user, root
runs that user's server, where that user would. No mode of a folder we did
not create is ever changed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.locations import Locations, make_folder
from usenetsync_tui.postgres.embedded.service_user import Account

SYSTEM_FOLDER = Path("/var/lib/usenetsync")
PORT = 5432
"""Only a part of the socket's name: the server listens on no network."""

SOCKET_NAME = f".s.PGSQL.{PORT}"
# sun_path of unix(7), without its closing zero byte; shorter on the BSDs and macOS.
_LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103
_LONGEST_FOLDER_NAME = 200


@dataclass(frozen=True, slots=True)
class ServerPlaces:
    """The files and folders of one embedded server."""

    home: Path
    """Holds the rest; owned by us, even where the server runs as another user."""

    owner: int
    """The user id that all of it belongs to: ours, or that of the user in whose home root works."""

    log: Path
    """What the server has to say. It writes through our descriptor, so the folder may be closed."""

    @property
    def pgdata(self) -> Path:
        """The cluster."""
        return self.home / "postgresql"

    @property
    def pid_file(self) -> Path:
        """What the running server writes about itself."""
        return self.pgdata / "postmaster.pid"

    @property
    def start_lock(self) -> Path:
        """Locked by whoever decides about starting or stopping."""
        return self.home / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Locked, shared, by every process that uses the server."""
        return self.home / "users.lock"

    @property
    def stay(self) -> Path:
        """There when the server shall stay though nobody uses it."""
        return self.home / "stay"

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: beside the cluster, or under /tmp when that is too long.

        libpq splits a list of hosts at commas, so a path with one is no use either.
        """
        beside = self.home / "socket"
        text = str(beside / SOCKET_NAME)
        fits = len(os.fsencode(text)) <= _LONGEST_SOCKET_PATH
        if fits and text.isascii() and text.isprintable() and "," not in text:
            return beside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(f"/tmp/usenetsync-{self.owner}-{digest}")


def find_places(locations: Locations, system_folder: Path) -> ServerPlaces:
    """Where the server of these locations lives, or will live. Creates nothing.

    A cluster that exists is found again, whatever became of the folders around it. Raises
    ``DatabaseStartError`` when it exists where the server's account can no longer reach it.
    """
    data_dir = locations.data_dir.resolve()
    log = locations.log_dir / "postgresql.log"
    inside = ServerPlaces(data_dir, os.geteuid(), log)
    if os.geteuid() != 0:
        return inside
    outside = ServerPlaces(system_folder / _folder_name(data_dir), 0, log)
    if outside.pgdata.exists():
        return outside
    if (owner := locations.other_owner) is not None:
        return ServerPlaces(data_dir, owner.uid, log)
    if others_can_pass(data_dir):
        return inside
    if inside.pgdata.exists():
        raise DatabaseStartError(
            f"The database in {inside.pgdata} is out of reach of the user it runs as: let others "
            f"pass through the folders above it (chmod o+x), or move {inside.pgdata} "
            f"to {outside.pgdata}."
        )
    return outside


def others_can_pass(folder: Path) -> bool:
    """Whether every part of ``folder`` that exists lets other users pass through."""
    whole = folder.resolve()
    return all(
        part.stat().st_mode & stat.S_IXOTH for part in (whole, *whole.parents) if part.exists()
    )


def create_own(folder: Path, *, owner: int | None = None) -> None:
    """Create a folder of ours, which for root others may pass through but not list.

    Raises ``DatabaseStartError`` when it exists and is not its owner's (ours, unless said
    otherwise) alone to write.
    """
    if not folder.exists():
        make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
    found = folder.stat()
    if found.st_uid != (os.geteuid() if owner is None else owner) or found.st_mode & stat.S_IWOTH:
        raise DatabaseStartError(
            f"{folder} belongs to another user or can be written by others; "
            "the database will not live there."
        )


def create_private(folder: Path, account: Account) -> None:
    """Create ``folder`` 0700 for the server's account, or make sure that it is exactly that.

    The check does not follow symlinks: under /tmp anyone could have put one there first.
    Raises ``DatabaseStartError`` when something else stands in the place.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass  # Checked below, like the one just made.
    else:
        if account.is_another:
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    if not is_private(folder, account.uid):
        raise DatabaseStartError(
            f"{folder} must be a folder of mode 0700 that belongs to {account.name}; "
            "remove what stands there."
        )


def is_private(folder: Path, uid: int) -> bool:
    """Whether ``folder`` is a folder of mode 0700 of that user; symlinks are not followed."""
    try:
        found = folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    return private and found.st_uid == uid


def _folder_name(data_dir: Path) -> str:
    """A readable name for a path, different for different paths: ``/srv/a b`` is ``srv+a%20b``."""
    whole = os.fsencode(data_dir)
    name = quote(whole.lstrip(b"/")).replace("/", "+")
    if len(name) > _LONGEST_FOLDER_NAME:
        name = f"{name[-150:]}+{hashlib.sha256(whole).hexdigest()[:32]}"
    return name
