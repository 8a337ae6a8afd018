"""`usenetsync servers` and `servers test`: what is configured, and whether it works."""

from __future__ import annotations

import os

import click

from usenetsync_tui.cli import words
from usenetsync_tui.cli.exposed import warn_of_servers
from usenetsync_tui.cli.run import Exit, environment, json_option, start
from usenetsync_tui.errors import UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.servers import Role, Server, Tls
from usenetsync_tui.model.status import TrialStep
from usenetsync_tui.settings import CONFIG_NAME, Settings
from usenetsync_tui.store.usenet.diagnosis import diagnose

_GLYPHS = {True: "✓", False: "!", None: "·"}


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def servers(context: click.Context, as_json: bool) -> None:
    """The Usenet servers of the settings; `test` tries them."""
    if context.invoked_subcommand is None:
        start(lambda: _list(as_json), as_json=as_json)


async def _list(as_json: bool) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    for server in settings.usenet_servers(os.environ):
        if as_json:
            fields = words.row(server)
            fields["password"] = bool(server.password)
            fields["proxy_password"] = bool(server.proxy_password)
            words.emit("server", **fields)
            continue
        roles = ", ".join(role.value for role in Role if role in server.roles)
        words.say(
            f"{server.name}  {server.host}:{server.port}  {_security(server)}  "
            f"{server.connections} connections  {roles}  priority {server.priority}"
        )
    if not settings.servers and not as_json:
        words.say(_none(locations))
    return Exit.DONE


def _security(server: Server) -> str:
    if server.tls is Tls.NONE:
        return words.red("NOT ENCRYPTED")
    verified = "" if server.verify_tls else ", " + words.red("CERTIFICATE NOT VERIFIED")
    return f"TLS {server.tls}{verified}"


def _none(locations: Locations) -> str:
    return f"No servers yet. Add a [[servers]] table to {locations.config_dir / CONFIG_NAME}."


@servers.command(name="test")
@click.argument("names", nargs=-1)
@json_option
def test(names: tuple[str, ...], as_json: bool) -> None:
    """Try each server, or those NAMED: from its name to an article posted and fetched again."""
    start(lambda: _test(names, as_json), as_json=as_json)


async def _test(names: tuple[str, ...], as_json: bool) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    known = {server.name: server for server in settings.usenet_servers(os.environ)}
    if not known:
        raise UsageError(_none(locations))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"No server {safe_name(unknown[0])}. Servers: {', '.join(known)}.")
    good = [await _try(known[name], settings, as_json) for name in names or known]
    return Exit.DONE if all(good) else Exit.FAILED


async def _try(server: Server, settings: Settings, as_json: bool) -> bool:
    good = True
    if not as_json:
        words.say(f"{server.name} ({server.host}:{server.port})")
    async for step in diagnose(server, newsgroups=settings.newsgroups, poster=settings.poster):
        good &= step.ok is not False
        if as_json:
            words.emit("step", server=server.name, **words.row(step))
        else:
            words.say(_line(step))
    return good


def _line(step: TrialStep) -> str:
    return (
        f"  {_GLYPHS[step.ok]} {step.name:13} {step.seconds * 1000:8,.0f} ms  "
        f"{safe_name(step.detail)}"
    )
