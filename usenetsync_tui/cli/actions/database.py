"""`usenetsync db`: shows, starts and stops the embedded PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from usenetsync_tui.cli.actions.retention.freed import freed_lines, freed_so_far
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.retention_fields import freed_fields
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, environment, start, waits_said
from usenetsync_tui.engine.opening import waited_for
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.forgetting import FreedInAll
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.postgres.address import shown
from usenetsync_tui.postgres.embedded.database_status import DatabaseStatus
from usenetsync_tui.postgres.embedded.postmaster import OnWait
from usenetsync_tui.postgres.embedded.server import EmbeddedServer

T = TypeVar("T")


def _server() -> EmbeddedServer:
    settings, locations = environment()
    if settings.database_url is not None:
        raise UsageError(
            "The database is a server of your own (database_url, or USENETSYNC_DATABASE_URL): "
            "start and stop it yourself."
        )
    return EmbeddedServer(locations)


async def _waited(call: Callable[[OnWait], T]) -> T:
    """The result of a blocking call; prints what it waits for."""
    waits = Waits()
    async with waits_said(waits):
        return await waited_for(call, waits)


def status(as_json: bool) -> None:
    """Print whether the database runs, where it is, and which programs use it."""

    async def show() -> Exit:
        settings, _ = environment()
        if settings.database_url is not None:
            url = shown(settings.database_url.get_secret_value())
            freed = await freed_so_far()
            fields = {"server": "external", "url": url, **freed_fields(freed)}
            _tell(as_json, fields, [("Server", "your own"), ("URL", url), *freed_lines(freed)])
            return Exit.DONE
        server = _server()
        found = await _waited(lambda _: server.status())
        freed = FreedInAll()
        if found.running:
            freed = await freed_so_far()
        elif found.version is not None:  # who only asks does not start it
            freed = FreedInAll(unknown="the database is not running")
        fields = {"server": "embedded", **_fields(found), **freed_fields(freed)}
        _tell(as_json, fields, [*_lines(found), *freed_lines(freed)])
        return Exit.DONE

    start(show, as_json=as_json, output_is_the_work=True)


def start_server(as_json: bool) -> None:
    """Start the database, and keep it running when no program uses it."""

    async def go() -> Exit:
        server = _server()
        server.stay(True)
        await _waited(server.acquire)
        await _waited(lambda _: server.release())
        if as_json:
            voices.emit("db", server="embedded", running=True)
        else:
            voices.say(f"The database keeps running until {program()} db stop.")
        return Exit.DONE

    start(go, as_json=as_json)


def stop_server(as_json: bool) -> None:
    """Stop the database, unless other programs use it."""

    async def go() -> Exit:
        await _waited(_server().stop)
        if as_json:
            voices.emit("db", server="embedded", running=False)
        else:
            voices.say("The database is stopped.")
        return Exit.DONE

    start(go, as_json=as_json)


def url(as_json: bool) -> None:
    """Print the address of the running database, for psql."""

    async def show() -> Exit:
        settings, _ = environment()
        given = settings.database_url
        text = shown(given.get_secret_value()) if given is not None else _server().url()
        if as_json:
            voices.emit("url", url=text)
        else:
            voices.say(text)
        return Exit.DONE

    start(show, as_json=as_json, output_is_the_work=True)


def _fields(found: DatabaseStatus) -> dict[str, object]:
    return {
        "running": found.running,
        "pid": found.pid,
        "holder": found.holder,
        "version": found.version,
        "data": found.pgdata,
        "socket": found.socket_dir,
        "log": found.log,
        "users": found.users,
        "users_elsewhere": found.users_elsewhere,
        "stays": found.stays,
    }


def _lines(found: DatabaseStatus) -> list[tuple[str, str]]:
    """The head and text of each line; an unknown or empty value has a text, too."""
    stays = "keeps running until db stop" if found.stays else "stops when no program uses it"
    lines = [
        ("Server", "embedded"),
        ("State", f"{_state(found)}; {stays}" if found.running else _state(found)),
        ("Version", found.version or "none yet: the first command that needs it creates it"),
        ("Data", safe_name(os.fsencode(found.pgdata))),
        ("Socket", safe_name(os.fsencode(found.socket_dir))),
        ("Log", safe_name(os.fsencode(found.log))),
    ]
    here = ", ".join(f"process {pid}" for pid in found.users)
    elsewhere = ", ".join(f"process {safe_name(user)}" for user in found.users_elsewhere)
    return [*lines, ("Used by", ", ".join(filter(None, (here, elsewhere))) or "no program")]


def _state(found: DatabaseStatus) -> str:
    if not found.running:
        return "not running"
    if found.pid is not None:
        return f"running, process {found.pid}"
    where = f" by {safe_name(found.holder)}" if found.holder else ""
    return f"running, started{where} in another container"


def _tell(as_json: bool, fields: dict[str, object], lines: list[tuple[str, str]]) -> None:
    if as_json:
        voices.emit("db", **fields)
        return
    for head, text in lines:
        voices.say_beside(f"{head:8} ", text)
