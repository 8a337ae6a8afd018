"""A catalogue for one restore with a recovery string: made, used again after a stop, and removed.

It is in a folder of its own below the data folder, with an embedded PostgreSQL of its own, so it
never touches the user's catalogue. The name of the folder follows from the secret by a one-way
hash. It holds the part of one version that is restored; for another part it begins again. The
folder's keys are in it wrapped by the secret, which is not in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.codec.key_wrapping import SALT_SIZE, KeySecret, unwrap_key, wrap_key
from usenetsync_tui.codec.sealing import NONCE_SIZE
from usenetsync_tui.engine.by_string.recovery import Recovery
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.locations import Locations, make_private
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.pipeline.index.adoption.adopt import adopt
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
from usenetsync_tui.postgres.locks import lock_exclusively, open_lock_file
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.whole_file import write_whole

_FOLDER = "recoveries"
_NOTE, _LOCK = "wanted.json", "lock"
_NAME = b"usenetsync: name of a scratch folder, 1"
_KEY = b"usenetsync: key of a scratch folder, 1"


class Scratch:
    """The folder of one recovery string. `use` it before anything else."""

    def __init__(self, secret: bytes, locations: Locations) -> None:
        name = hmac.digest(secret, _NAME, hashlib.sha256)[:8].hex()
        self._folder = locations.data_dir / _FOLDER / name
        self._locations = replace(
            locations, data_dir=self._folder / "data", log_dir=self._folder / "log"
        )
        self._wrapping = KeySecret.key_file(hmac.digest(secret, _KEY, hashlib.sha256))

    def wrap(self, key: bytes) -> bytes:
        """A key as it is in the catalogue here."""
        salt, nonce = secrets.token_bytes(SALT_SIZE), secrets.token_bytes(NONCE_SIZE)
        return wrap_key(key, self._wrapping, salt=salt, nonce=nonce)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The reverse of `wrap`. `KeyUnavailableError`."""
        return unwrap_key(wrapped, self._wrapping)

    @asynccontextmanager
    async def use(self) -> AsyncIterator[None]:
        """Have the folder to ourselves. `UsageError` while another program has it."""
        lock = await to_thread.run_sync(self._locked)
        try:
            yield
        finally:
            os.close(lock)

    def _locked(self) -> int:
        try:
            make_private(self._folder)
            lock = open_lock_file(self._folder / _LOCK)
        except OSError as error:
            raise SettingsError(f"{self._folder} cannot be made: {error.strerror}.") from error
        if not lock_exclusively(lock):
            os.close(lock)
            raise UsageError(
                "Another usenetsync is restoring with this recovery string now. Wait until it has "
                "ended, then try again."
            )
        return lock

    def begin(self, wanted: Wanted) -> None:
        """Prepare for a part of a version; what is here of another part is removed. Blocking."""
        note = json.dumps(
            {"version": wanted.version, "paths": [p.hex() for p in sorted(wanted.names)]}
        )
        path = self._folder / _NOTE
        if path.exists() and path.read_text() == note:
            return
        self._clear()
        write_whole(path, note.encode(), replace=True)

    def remove(self) -> None:
        """Remove the database and the folder. Blocking."""
        self._clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):  # others are in it
            self._folder.parent.rmdir()

    def _clear(self) -> None:
        if not self._locations.data_dir.exists():
            return
        server = EmbeddedServer(self._locations)
        server.stop()
        home, sockets, _ = server.folders
        for folder in (home, sockets, self._locations.data_dir):
            shutil.rmtree(folder, ignore_errors=True)

    @asynccontextmanager
    async def catalogue(self, settings: Settings, waits: Waits) -> AsyncIterator[OpenCatalogue]:
        """The catalogue here, opened."""
        own = settings.model_copy(update={"database_url": None})
        async with open_catalogue(own, self._locations, "restore", waits=waits) as opened:
            yield opened


async def load(
    opened: OpenCatalogue,
    recovery: Recovery,
    wanted: Wanted,
    wrap: Callable[[bytes], bytes],
    progress: LoadProgress,
) -> Folder:
    """The folder in a scratch catalogue, loaded from the index unless it is there already."""
    async with opened.catalogue.transaction() as tx:
        every = await folders.every(tx)
    if every:
        return every[0]
    root = await recovery.root_of(wanted.version)
    started = anyio.current_time()

    def waiting() -> Waiting:
        passed, done = anyio.current_time() - started, progress.done_bytes
        words = f"loading the index of version {wanted.version}"
        if not done or wanted.names:
            return Waiting(words, what=WaitsFor.WORK)
        left = passed * (progress.total_bytes - done) / done
        return Waiting(words, left, ", done in", what=WaitsFor.WORK)

    with opened.waits.announced(waiting):
        adopted = await adopt(
            opened.catalogue, recovery.store, recovery.keys, root, path_of(recovery), wrap,
            wanted, progress,
        )  # fmt: skip
    async with opened.catalogue.transaction() as tx:
        folder = await folders.by_id(tx, adopted.folder)
    assert folder is not None
    return folder


def path_of(recovery: Recovery) -> bytes:
    """The folder's path where it was backed up. `UsageError` for one that no file system has."""
    path = recovery.root.path
    if not path.startswith(b"/") or b"\0" in path:
        raise UsageError(f'The index gives an impossible path: "{safe_name(path)}".')
    return path


def is_free(path: bytes) -> bool:
    """Whether nothing is at the folder's old place, so that a restore there replaces nothing."""
    try:
        return not os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return not os.path.lexists(path)
    except OSError:
        return False
