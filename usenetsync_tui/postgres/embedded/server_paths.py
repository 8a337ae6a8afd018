"""The paths of one embedded server: its cluster, its socket, its locks, its log.

Only this module decides them. An ordinary user's server is in the data folder. Root's server,
which runs as another user, is there only if that user can reach it; else in a folder of
``/var/lib/usenetsync`` named after the data folder. In the home of another user, root runs that
user's server, in that user's data folder. Never changes the mode of a folder we did not create.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from urllib.parse import quote

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.locations import Locations, make_folder
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.embedded.service_user import Account
from usenetsync_tui.socket_folder import fits, folder_under_tmp, is_private

SYSTEM_FOLDER = Path("/var/lib/usenetsync")
PORT = 5432
"""Only a part of the socket's name: the server listens on no network."""

SOCKET_NAME = f".s.PGSQL.{PORT}"
_LONGEST_FOLDER_NAME = 200


@value_object
class ServerPaths:
    """The files and folders of one embedded server."""

    home: Path
    """The folder of the rest; ours, even if the server runs as another user."""

    owner: int
    """The user id that owns all of it: ours, or for root in a user's home that user's."""

    log: Path
    """The server's log. It writes through our descriptor, so it need not reach the folder."""

    @property
    def pgdata(self) -> Path:
        """The cluster."""
        return self.home / "postgresql"

    @property
    def pid_file(self) -> Path:
        """The file in which the running server records its state."""
        return self.pgdata / "postmaster.pid"

    @property
    def start_lock(self) -> Path:
        """Locked by the process that decides about starting or stopping."""
        return self.home / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Locked, shared, by every process that uses the server."""
        return self.home / "users.lock"

    @property
    def stay(self) -> Path:
        """Exists if the server must keep running without users."""
        return self.home / "stay"

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: beside the cluster, or under /tmp if that path is too long.

        libpq splits a list of hosts at commas, so a path with a comma does not work either.
        """
        beside = self.home / "socket"
        socket = beside / SOCKET_NAME
        text = str(socket)
        if fits(socket) and text.isascii() and text.isprintable() and "," not in text:
            return beside
        return folder_under_tmp(self.home, self.owner)


def find_paths(locations: Locations, system_folder: Path) -> ServerPaths:
    """The paths of the server of these locations, existing or not. Creates nothing.

    Finds an existing cluster even if the modes of the folders around it have changed. Raises
    ``DatabaseStartError`` when the server's account can no longer reach it.
    """
    data_dir = locations.data_dir.resolve()
    log = locations.log_dir / "postgresql.log"
    inside = ServerPaths(data_dir, os.geteuid(), log)
    if os.geteuid() != 0:
        return inside
    outside = ServerPaths(system_folder / _folder_name(data_dir), 0, log)
    if outside.pgdata.exists():
        return outside
    if (owner := locations.other_owner) is not None:
        return ServerPaths(data_dir, owner.uid, log)
    if others_can_pass(data_dir):
        return inside
    if inside.pgdata.exists():
        raise DatabaseStartError(
            f"The user that the database runs as cannot reach {inside.pgdata}. Let others "
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
    """Create a folder of ours; others may pass through root's, but not list it.

    Raises ``DatabaseStartError`` when it exists and another user than ``owner`` (by default
    we) owns it or can write to it.
    """
    if not folder.exists():
        make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
    found = folder.stat()
    if found.st_uid != (os.geteuid() if owner is None else owner) or found.st_mode & stat.S_IWOTH:
        raise DatabaseStartError(
            f"{folder} belongs to another user, or other users can write to it, "
            "so the database cannot be in it."
        )


def create_private(folder: Path, account: Account) -> None:
    """Create ``folder`` 0700 for the server's account, or check that it is exactly that.

    The check does not follow symlinks: under /tmp anyone could have made one first.
    Raises ``DatabaseStartError`` when something else has that name.
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
            "remove what is there."
        )


def _folder_name(data_dir: Path) -> str:
    """A readable name for a path, different for different paths: ``/srv/a b`` is ``srv+a%20b``."""
    whole = os.fsencode(data_dir)
    name = quote(whole.lstrip(b"/")).replace("/", "+")
    if len(name) > _LONGEST_FOLDER_NAME:
        name = f"{name[-150:]}+{hashlib.sha256(whole).hexdigest()[:32]}"
    return name
