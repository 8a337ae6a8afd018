"""What `doctor` looks at, but for servers: each check finds something, and says what to do.

Knows what stops people: settings, rights, keys, the database, room, the clock, names, the terminal.
Changes nothing, but that the embedded database is started where it is not running, as every
listing does.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue import folders, sizes
from usenetsync_tui.catalogue.sums import wrong_sums
from usenetsync_tui.engine.keys import KeyRing, key_file
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.figures import plural, size
from usenetsync_tui.model.findings import Finding, bad, good, warn
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.settings import CONFIG_NAME, Settings

_LITTLE_ROOM = 5 << 30
_NO_ROOM = 500 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_EARLIEST = 1_767_225_600
"""2026-01-01: a clock before it is wrong."""
_SMALLEST = (60, 15)
"""Columns and lines that the screen needs."""
_CLIPBOARD = ("xterm", "tmux", "screen", "alacritty", "foot", "kitty", "wezterm", "ghostty")


def settings_found(settings: Settings, locations: Locations) -> Iterator[Finding]:
    """The settings file, its folders and their rights. The settings are read already."""
    path = locations.config_dir / CONFIG_NAME
    name = _name(path)
    if path.exists():
        yield good("settings", f"{name} is read")
    else:
        yield good("settings", f"{name} is not there: defaults are used")
    yield from rights(locations, path)
    if not settings.servers:
        yield good("servers", "none configured: articles go into the database")


def rights(locations: Locations, config: Path) -> Iterator[Finding]:
    """Who else can read or write what is ours."""
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
    """Whether what was sealed can be opened. Blocking. `wrapped`: the keys of sealed folders."""
    path = key_file(settings, locations)
    by_phrase = settings.passphrase is not None or settings.passphrase_file is not None
    what = "the passphrase" if by_phrase else _name(path)
    if not wrapped:
        if by_phrase or path.exists():
            return good("key", f"{what} is there")
        return good("key", f"{what} is made with the first sealed folder")
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
    count = plural(len(wrapped), "sealed folder")
    return good("key", f"{what} opens {count}; keep a copy of it elsewhere")


async def database_found(
    settings: Settings, locations: Locations, waits: Waits, *, sums: bool
) -> AsyncIterator[Finding]:
    """The database, what is in it, and whether the keys open it."""
    began = False
    try:
        async with open_catalogue(settings, locations, "doctor", waits=waits) as opened:
            began = True
            async for finding in _catalogue(opened, settings, locations, sums=sums):
                yield finding
    except Exception as error:  # noqa: BLE001 - what is not ours is raised again
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
    where = "embedded" if opened.embedded else "your own server"
    held = plural(len(every), "folder")
    yield good("database", f"{where}, PostgreSQL {figures.version}, {size(figures.bytes)}, {held}")
    yield await to_thread.run_sync(key_found, settings, locations, wrapped)
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
    """Free space where things are written."""
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
    """This machine's clock, beside its own files. Servers are asked for theirs by their test.

    `now`: seconds since 1970. `newest`: when the newest file of ours was written.
    """
    advice = "Set the clock: articles of a wrong date are refused or thrown away."
    if now < _EARLIEST:
        return bad("clock", "it is before 2026", advice)
    if newest > now + 120:
        return warn("clock", "it is behind files that were written here", advice)
    return good("clock", "plausible; each server's clock is compared in its test")


def name_servers(hosts: Sequence[str]) -> Finding:
    """Whether names of hosts can be looked up. Blocking. `hosts`: those of the servers."""
    failures = []
    for host in dict.fromkeys(hosts):
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            failures.append(f"{safe_name(host)}: {error.strerror or error}")
        except UnicodeError:
            failures.append(f"{safe_name(host)}: cannot be the name of a host")
    if failures:
        advice = "Check the spelling of the host, /etc/resolv.conf, and the network."
        return bad("names", "; ".join(failures), advice)
    if not hosts:
        return good("names", "no server to look up")
    return good("names", f"{plural(len(set(hosts)), 'name')} looked up")


def terminal(environment: Mapping[str, str]) -> Iterator[Finding]:
    """What the screen has to draw on."""
    term = environment.get("TERM", "")
    if not _is_terminal():
        yield good("terminal", "standard output is no terminal: not checked")
        return
    columns, lines = _terminal_size()
    detail = f"{safe_name(term) or 'unknown'}, {columns} × {lines}, {_colours(term, environment)}"
    if columns < _SMALLEST[0] or lines < _SMALLEST[1]:
        least = " × ".join(map(str, _SMALLEST))
        yield warn("terminal", detail, f"The screen needs {least}: make the window larger.")
    elif term in ("", "dumb"):
        yield warn("terminal", detail, "Set TERM to what the terminal is, such as xterm-256color.")
    else:
        yield good("terminal", detail)
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8":
        yield good("UTF-8", "used")
    else:
        advice = "Set LANG to a UTF-8 locale such as C.UTF-8; until then ASCII is drawn."
        yield warn("UTF-8", f"the locale's encoding is {safe_name(encoding) or 'unknown'}", advice)
    yield _clipboard(term, environment)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _terminal_size() -> tuple[int, int]:
    return os.get_terminal_size(sys.stdout.fileno())


def _colours(term: str, environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in term else "16 colours"


def _clipboard(term: str, environment: Mapping[str, str]) -> Finding:
    """OSC 52 cannot be asked for: what is known of the terminal must do."""
    if environment.get("TMUX"):
        advice = "If y copies nothing, set -g set-clipboard on in tmux.conf."
        return good("clipboard", f"through tmux (OSC 52). {advice}")
    if term.startswith(_CLIPBOARD):
        return good("clipboard", "this kind of terminal takes OSC 52, unless it is switched off")
    advice = "If y copies nothing in the screen, select with the mouse (--no-mouse)."
    return warn("clipboard", "it is not known whether this terminal takes OSC 52", advice)


def newest_file(locations: Locations) -> float:
    """When the newest of our files was written, in seconds since 1970; 0 when there is none."""
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
