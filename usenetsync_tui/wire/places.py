"""Where an engine listens, who may connect, and what this program tells of itself.

The socket is ``engine/engine.sock`` in the data folder, in a folder of mode 0700; where that path
is too long for a socket, in such a folder under /tmp. A catalogue in the user's own PostgreSQL has
a socket of its own, named by a digest of the address: a window must not reach another catalogue.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.locations import Locations, make_private
from usenetsync_tui.model.windows import Window
from usenetsync_tui.socket_folder import fits, folder_under_tmp, is_private

_STARTERS = ("cron", "crond", "anacron", "atd", "systemd")
"""Programs that start others without a terminal."""
_MOST_ANCESTORS = 32


def catalogue_mark(database_url: SecretStr | None) -> str:
    """A name of the catalogue that tells nothing about its address; None: the embedded one."""
    if database_url is None:
        return "embedded"
    address = database_url.get_secret_value().encode("utf-8", "surrogateescape")
    return hashlib.sha256(address).hexdigest()[:16]


def socket_path(locations: Locations, mark: str) -> Path:
    """The path of the socket of the engine of a catalogue. Creates nothing."""
    name = "engine.sock" if mark == "embedded" else f"engine-{mark}.sock"
    folder = locations.data_dir.resolve() / "engine"
    if fits(folder / name):
        return folder / name
    return folder_under_tmp(folder, owner_of(locations)) / name


def owner_of(locations: Locations) -> int:
    """The user id that the engine's folder belongs to: ours, or of the home that root is in."""
    other = locations.other_owner
    return os.geteuid() if other is None else other.uid


def make_socket_folder(folder: Path, owner: int) -> None:
    """Create the folder of the socket, or check that it is private. `SettingsError`."""
    try:
        if folder.parent == Path("/tmp"):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                if owner != os.geteuid():
                    os.chown(folder, owner, -1, follow_symlinks=False)
        else:
            make_private(folder)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be created: {error.strerror}.") from error
    if not is_private(folder, owner):
        raise SettingsError(
            f"{folder} must be a folder of mode 0700 that belongs to you; remove what is there."
        )


def give_socket(path: Path) -> None:
    """Give a new socket to the owner of its folder, who may be another user than root."""
    path.chmod(0o600)
    with suppress(OSError):  # a file system without owners
        os.chown(path, path.parent.stat().st_uid, -1)


def peer_of(connected: socket.socket) -> tuple[int, int]:
    """The process id and the user id at the other end, as the kernel knows them (unix(7))."""
    of_peer = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", of_peer)
    return pid, uid


def this_window(kind: str) -> Window:
    """This program, as the others see it."""
    return Window(kind, os.getpid(), _place(), time.time())


def _place() -> str:
    for descriptor in (0, 1, 2):
        with suppress(OSError):
            return os.ttyname(descriptor).removeprefix("/dev/")
    return _starter(os.getppid())


def _starter(pid: int) -> str:
    """The nearest ancestor that starts programs without a terminal; empty: none that we know."""
    for _ in range(_MOST_ANCESTORS):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        name = stat[stat.find("(") + 1 : stat.rfind(")")].lower()
        if name in _STARTERS:
            return "cron" if "cron" in name else name
        pid = int(stat[stat.rfind(")") + 1 :].split()[1])
    return ""
