"""`usenetsync servers` and `servers test`: list the servers, and test whether they work."""

from __future__ import annotations

import os
from collections.abc import Sequence

from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import server_fields, step_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, environment, start, waits_said
from usenetsync_tui.engine.trials import next_step
from usenetsync_tui.errors import UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.servers.server_address import host_and_port
from usenetsync_tui.model.servers.servers import Role, Server, Tls
from usenetsync_tui.model.text.figures import NOTHING, milliseconds
from usenetsync_tui.model.text.nearest import did_you_mean
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.settings.sources import CONFIG_NAME
from usenetsync_tui.store.usenet.diagnosis import diagnose

_GLYPHS = {True: "✓", False: "✗", None: "·"}
_COLUMNS = (
    Column("Server"),
    Column("Address", least=12),
    Column("TLS"),
    Column("Login", least=6),
    Column("Connections", right=True),
    Column("Roles"),
    Column("Priority", right=True),
)


def list_servers(as_json: bool) -> None:
    """Print the servers of the settings."""
    start(lambda: _list(as_json), as_json=as_json, output_is_the_work=True)


async def _list(as_json: bool) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    configured = settings.usenet_servers(os.environ)
    if as_json:
        for server in configured:
            voices.emit("server", **server_fields(server))
    elif configured:
        voices.say_table(_COLUMNS, map(_row, configured))
    else:
        voices.say(_none(locations))
    return Exit.DONE


def _row(server: Server) -> Sequence[str]:
    return (
        server.name,
        host_and_port(server.host, server.port),
        _security(server),
        safe_name(server.username) or NOTHING,
        str(server.connections),
        ", ".join(role.value for role in Role if role in server.roles),
        str(server.priority),
    )


def _security(server: Server) -> str:
    if server.tls is Tls.NONE:
        return voices.red("NOT ENCRYPTED")
    verified = "" if server.verify_tls else ", " + voices.red("CERTIFICATE NOT VERIFIED")
    return f"{server.tls}{verified}"


def _none(locations: Locations) -> str:
    return f"No servers yet. Add a [[servers]] table to {locations.config_dir / CONFIG_NAME}."


def test(names: tuple[str, ...], as_json: bool) -> None:
    """Test each server, or those named, and print each step."""
    start(lambda: _test(names, as_json), as_json=as_json)


async def _test(names: tuple[str, ...], as_json: bool) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    known = {server.name: server for server in settings.usenet_servers(os.environ)}
    if not known:
        raise UsageError(_none(locations))
    unknown = [name for name in names if name not in known]
    if unknown:
        near = did_you_mean(unknown[0], known)
        raise UsageError(
            f'There is no server "{safe_name(unknown[0])}".{near} Servers: {", ".join(known)}.'
        )
    good = [await _try(known[name], settings, as_json) for name in names or known]
    return Exit.DONE if all(good) else Exit.FAILED


async def _try(server: Server, settings: Settings, as_json: bool) -> bool:
    good = True
    if not as_json:
        voices.say(f"{server.name} ({host_and_port(server.host, server.port)})")
    waits = Waits()
    steps = diagnose(server, newsgroups=settings.newsgroups, poster=settings.poster)
    async with waits_said(waits) as begin_to_print:
        begin_to_print()
        while (step := await next_step(steps, server, waits)) is not None:
            good &= step.ok is not False
            if as_json:
                voices.emit("step", **step_fields(server.name, step))
            else:
                head = f"  {_GLYPHS[step.ok]} {step.name:13} {milliseconds(step.seconds):>7}  "
                voices.say_beside(head, safe_name(step.detail))
    return good
