"""`usenetsync db`: the embedded PostgreSQL."""

from __future__ import annotations

import os
from dataclasses import asdict

import click
from anyio import to_thread

from usenetsync_tui.cli import words
from usenetsync_tui.cli.run import Exit, environment, json_option, start
from usenetsync_tui.errors import UsageError
from usenetsync_tui.postgres.address import shown
from usenetsync_tui.postgres.embedded import EmbeddedServer


@click.group()
def db() -> None:
    """The database: status, start (and stay), stop, url."""


def _server() -> EmbeddedServer:
    settings, locations = environment()
    if settings.database_url is not None:
        raise UsageError(
            "USENETSYNC_DATABASE_URL names a server of your own: it is not ours to run."
        )
    return EmbeddedServer(locations)


@db.command()
@json_option
def status(as_json: bool) -> None:
    """Whether it runs, where it is, and who uses it."""

    async def show() -> Exit:
        settings, _ = environment()
        if settings.database_url is not None:
            url = shown(settings.database_url.get_secret_value())
            _line(as_json, {"server": "external", "url": url})
            return Exit.DONE
        fields = asdict(_server().status())
        _line(as_json, {"server": "embedded", **{k: _text(v) for k, v in fields.items()}})
        return Exit.DONE

    start(show, as_json=as_json)


@db.command(name="start")
@json_option
def start_server(as_json: bool) -> None:
    """Start it, and let it run when nobody uses it."""

    async def go() -> Exit:
        server = _server()
        server.stay(True)
        await to_thread.run_sync(server.acquire, words.complain, abandon_on_cancel=True)
        await to_thread.run_sync(server.release)
        _line(as_json, {"server": "embedded", "running": True})
        return Exit.DONE

    start(go, as_json=as_json)


@db.command(name="stop")
@json_option
def stop_server(as_json: bool) -> None:
    """Stop it, unless others use it."""

    async def go() -> Exit:
        await to_thread.run_sync(_server().stop, words.complain, abandon_on_cancel=True)
        _line(as_json, {"server": "embedded", "running": False})
        return Exit.DONE

    start(go, as_json=as_json)


@db.command()
@json_option
def url(as_json: bool) -> None:
    """The address for psql and other tools (while it runs)."""

    async def show() -> Exit:
        settings, _ = environment()
        given = settings.database_url
        text = shown(given.get_secret_value()) if given is not None else _server().url()
        if as_json:
            words.emit("url", url=text)
        else:
            words.say(text)
        return Exit.DONE

    start(show, as_json=as_json)


def _text(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _line(as_json: bool, fields: dict[str, object]) -> None:
    if as_json:
        words.emit("db", **fields)
    else:
        for key, value in fields.items():
            words.say(f"{key:11} {value}")
