"""The checks of `doctor`, except those of servers and the terminal; each gives advice.

Knows the usual obstacles: settings, permissions, keys, the database, disk space, the clock, host
names. Changes nothing; refuses to know how the catalogue is opened.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.lookups import sizes
from usenetsync_tui.catalogue.lookups.sums import wrong_sums
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.own_paths import key_file
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.machine.findings import Finding, bad, good, warn
from usenetsync_tui.model.text.figures import plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import NOT_INDEXED
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.settings.sources import CONFIG_NAME
from usenetsync_tui.store.usenet.connection.interruptible_calls import (
    GivenUpError,
    call_interruptibly,
)

Opener = Callable[[], AbstractAsyncContextManager[OpenCatalogue]]
"""Opens the catalogue, or lends one that is open."""

_LOOKUP = 30.0
"""Seconds a name server may take."""
_LITTLE_ROOM = 5 << 30
_NO_ROOM = 500 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_EARLIEST = 1_767_225_600
"""2026-01-01, in seconds since 1970: a clock before it is wrong."""


def settings_found(settings: Settings, locations: Locations) -> Iterator[Finding]:
    """Check the settings file, its folders and their permissions. `settings` is already read."""
    path = locations.config_dir / CONFIG_NAME
    name = _name(path)
    if path.exists():
        yield good("settings", f"{name} is read")
    else:
        yield good("settings", f"{name} does not exist: defaults are used")
    yield from rights(locations, path)
    if not settings.servers:
        yield good("servers", "none configured: articles go into the database")


def rights(locations: Locations, config: Path) -> Iterator[Finding]:
    """Check whether other users can read or write UsenetSync's files."""
    troubles = []
    private = (locations.config_dir, locations.log_dir)
    for folder, forbidden in (
        *((f, _OTHERS) for f in private),
        (locations.data_dir, _OTHERS_WRITE),
    ):
        mode = _mode(folder)
        if mode is not None and mode & forbidden:
            what = "go-w" if forbidden == _OTHERS_WRITE else "700"
            troubles.append(f"{_name(folder)} is {mode:04o}: chmod {what} {_name(folder)}")
    mode = _mode(config)
    if mode is not None and mode & _OTHERS:
        troubles.append(f"{_name(config)} is {mode:04o}: chmod 600 {_name(config)}")
    if not troubles:
        yield good("rights", "settings, data and logs are closed to other users")
    for trouble in troubles:
        detail, _, advice = trouble.rpartition(": ")
        yield warn("rights", f"others have access: {detail}", advice)


def key_found(settings: Settings, locations: Locations, wrapped: Sequence[bytes]) -> Finding:
    """Check that `wrapped`, the keys of folders and of indexes, can be unwrapped. Blocking."""
    path = key_file(settings, locations)
    by_phrase = settings.passphrase is not None or settings.passphrase_file is not None
    what = "the passphrase" if by_phrase else _name(path)
    if not wrapped:
        if by_phrase or path.exists():
            return good("key", f"{what} exists")
        return good("key", f"{what} is made with the first upload")
    ring = KeyRing(settings, locations)
    for key in wrapped:
        try:
            ring.unwrap(key)
        except UsenetSyncError as error:
            advice = "Bring back the key file or passphrase that you used when you sealed it."
            return bad("key", safe_name(str(error)), advice)
    mode = None if by_phrase else _mode(path)
    if mode is not None and mode & _OTHERS:
        return bad("key", f"{what} can be read by others", f"chmod 600 {_name(path)}")
    count = plural(len(wrapped), "key")
    return good("key", f"{what} opens {count}; keep a copy of it elsewhere")


def indexes_found(newest: Mapping[Folder, Snapshot | None]) -> Iterator[Finding]:
    """Check that the newest finished version of each folder has its index in the store."""
    finished = {folder: version for folder, version in newest.items() if version is not None}
    lacking = {folder: v for folder, v in finished.items() if v.lacks_index}
    if finished and not lacking:
        yield good("index", "the newest version of each folder has its index in the store")
    for folder, version in lacking.items():
        name = safe_name(folder.name)
        yield warn(
            "index",
            f"version {version.version} of {name} has {NOT_INDEXED}: it needs this database",
            f"Run usenetsync upload {safe_name(folder.path)}, or usenetsync share {name}.",
        )


async def database_found(
    settings: Settings, locations: Locations, opener: Opener, *, sums: bool
) -> AsyncIterator[Finding]:
    """Check the database, its contents, and that the keys open the sealed folders."""
    began = False
    try:
        async with opener() as opened:
            began = True
            async for finding in _catalogue(opened, settings, locations, sums=sums):
                yield finding
    except Exception as error:  # noqa: BLE001 - other errors are raised again
        failure = leading_error(error)
        if not isinstance(failure, UsenetSyncError):
            raise failure from None
        advice = "See usenetsync db status, and the log that it names."
        if settings.database_url is not None:
            advice = "Check database_url in the settings, and that the server runs."
        yield bad("catalogue" if began else "database", safe_name(str(failure)), advice)


async def _catalogue(
    opened: OpenCatalogue, settings: Settings, locations: Locations, *, sums: bool
) -> AsyncIterator[Finding]:
    async with opened.catalogue.transaction() as tx:
        figures = await sizes.figures(tx)
        every = await folders.every(tx)
        wrapped = await folders.wrapped_keys(tx)
        newest = {f: await snapshots.latest_finished(tx, f.id) for f in every}
    where = "embedded" if opened.embedded else "your own server"
    held = plural(len(every), "folder")
    yield good("database", f"{where}, PostgreSQL {figures.version}, {size(figures.bytes)}, {held}")
    check = partial(key_found, settings, locations, wrapped)
    yield await to_thread.run_sync(check, abandon_on_cancel=True)  # a passphrase takes seconds
    for finding in indexes_found(newest):
        yield finding
    if not sums:
        return
    async with opened.catalogue.transaction() as tx:
        wrong = await wrong_sums(tx)
    if not wrong:
        yield good("catalogue", "its sums agree")
    for sum_ in wrong:
        advice = "Run usenetsync verify on each folder, and report this as a fault of UsenetSync."
        yield bad("catalogue", f"{sum_.count:,} {sum_.name}", advice)


def room(locations: Locations) -> Iterator[Finding]:
    """Check the free space of the disks that UsenetSync writes to."""
    seen: set[int] = set()
    for what, folder in (("data", locations.data_dir), ("log", locations.log_dir)):
        there = next(p for p in (folder, *folder.parents) if p.exists())
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(there).free
        detail = f"{size(free)} free for {what} ({_name(there)})"
        advice = "Make room, or move it with USENETSYNC_HOME: a full disk stops every job."
        if free < _NO_ROOM:
            yield bad("disk", detail, advice)
        elif free < _LITTLE_ROOM:
            yield warn("disk", detail, advice)
        else:
            yield good("disk", detail)


def clock(now: float, newest: float) -> Finding:
    """Check this machine's clock against its own files; a server's test compares the server's.

    `now`: seconds since 1970. `newest`: when UsenetSync's newest file was written, the same.
    """
    advice = "Set the clock: servers refuse or drop articles with a wrong date."
    if now < _EARLIEST:
        return bad("clock", "it is before 2026", advice)
    if newest > now + 120:
        return warn("clock", "it is behind files that were written here", advice)
    return good("clock", "plausible; each server's clock is compared in its test")


def name_servers(hosts: Sequence[str], *, given_up: Callable[[], bool] = bool) -> Finding:
    """Check that the names of the servers' `hosts` can be resolved.

    Blocking, but returns soon after `given_up` becomes true.
    """
    failures = []
    for host in dict.fromkeys(hosts):
        lookup = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            call_interruptibly(lookup, seconds=_LOOKUP, given_up=given_up)
        except OSError as error:
            failures.append(f"{safe_name(host)}: {error.strerror or error}")
        except UnicodeError:
            failures.append(f"{safe_name(host)}: cannot be the name of a host")
        except GivenUpError:
            break
    if failures:
        advice = "Check the spelling of the host, /etc/resolv.conf, and the network."
        return bad("names", "; ".join(failures), advice)
    if not hosts:
        return good("names", "no server to look up")
    return good("names", f"{plural(len(set(hosts)), 'name')} looked up")


def newest_file(locations: Locations) -> float:
    """When UsenetSync's newest file was written, in seconds since 1970; 0 when there is none."""
    candidates = (
        locations.config_dir / CONFIG_NAME,
        locations.data_dir / "postgresql" / "postmaster.pid",
        locations.log_dir / "usenetsync.log",
        locations.log_dir / "postgresql.log",
    )
    times = (_stat(path, lambda status: status.st_mtime) for path in candidates)
    return max((time for time in times if time is not None), default=0.0)


def _mode(path: Path) -> int | None:
    mode = _stat(path, lambda status: stat.S_IMODE(status.st_mode))
    return None if mode is None else int(mode)


def _stat(path: Path, pick: Callable[[os.stat_result], float]) -> float | None:
    try:
        return pick(path.stat())
    except OSError:
        return None


def _name(path: Path) -> str:
    return safe_name(os.fsencode(path))
