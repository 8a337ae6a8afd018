"""`config.toml` as a file that is written: a server more, and not a byte else is another.

Knows TOML and how a file is replaced in one step. Refuses to know what the settings mean
(`settings`); what it writes, they can read.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import cast

import tomlkit
from tomlkit.items import Array, InlineTable, Table

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.locations import make_private
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers import Role, Server
from usenetsync_tui.ownership import give
from usenetsync_tui.settings.server import clash_with, server_problems
from usenetsync_tui.settings.settings import CONFIG_NAME
from usenetsync_tui.settings.sources import config_bytes, config_table, config_text, shown
from usenetsync_tui.whole_file import write_whole

_ALWAYS = ("name", "host", "port", "tls", "username", "connections")
_VARIABLE = "USENETSYNC_SERVERS"

Value = str | int | float | bool | list[str]


def add_server(config_dir: Path, server: Server) -> None:
    """Append a server to `config.toml`, which is made if there is none.

    Comments and everything else stay as they are. The file is its owner's alone afterwards; a
    symlink stays one, and its target is written. `SettingsError` when the server cannot be one,
    its name is taken, or the file cannot be read or written: then nothing has changed.
    """
    _refuse_nonsense(server)
    path = Path(os.path.realpath(config_dir / CONFIG_NAME))
    try:
        make_private(config_dir)
        data = config_bytes(path) or b""
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        text = config_text(path, data)
        written = mark + _with_server(path, text, server).encode()
        write_whole(path, written, replace=True, hand_over=_owned_as(path))
    except UnicodeEncodeError:  # which would show what it is about
        raise SettingsError("The server's settings hold what is no text.", whole=True) from None
    except OSError as error:
        words = f"{shown(path)} cannot be written: {error.strerror}."
        raise SettingsError(words, whole=True) from error


def _refuse_nonsense(server: Server) -> None:
    if any(name.upper() == _VARIABLE for name in os.environ):
        raise SettingsError(
            f"{_VARIABLE} is set: while it is, the servers of the file are not used.", whole=True
        )
    if wrong := server_problems(_values(server)):
        raise SettingsError(wrong)


def _values(server: Server) -> dict[str, Value]:
    """What is written down: what the default does not say."""
    default = Server(server.name, server.host, server.port)
    values: dict[str, Value] = {}
    for key in (field.name for field in fields(Server)):
        value = getattr(server, key)
        if key in _ALWAYS or value != getattr(default, key):
            values[key] = _plain(value)
    if "roles" in values:
        values["roles"] = [role.value for role in Role if role in server.roles]
    return values


def _plain(value: Value | StrEnum | Secret) -> Value:
    """As TOML has it."""
    if isinstance(value, StrEnum):
        return str(value.value)
    return str(value) if isinstance(value, Secret) else value


def _with_server(path: Path, text: str, server: Server) -> str:
    there = config_table(path, text).get("servers", [])
    if not isinstance(there, list):
        raise SettingsError(f"{shown(path)}: servers must be a list of tables.")
    names = [str(other.get("name")) for other in there if isinstance(other, Mapping)]
    if server.name in names:
        words = f"There is a server {safe_name(server.name)!r} already."
        raise SettingsError(words, whole=True)
    try:
        clash_with(server.name, names)
    except ValueError as error:
        raise SettingsError(str(error), whole=True) from None
    document = tomlkit.parse(text)
    if isinstance(document.get("servers"), Array):  # written as one list of inline tables
        cast("Array", document["servers"]).append(_filled(tomlkit.inline_table(), server))
        return document.as_string()
    # A table may stand at the end whatever comes before it, and there it moves no comment.
    tables, table = tomlkit.aot(), tomlkit.document()
    tables.append(_filled(tomlkit.table(), server))
    table.append("servers", tables)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return text + gap + table.as_string()


def _filled(table: Table | InlineTable, server: Server) -> Table | InlineTable:
    for key, value in _values(server).items():
        table.append(key, value)
    return table


def _owned_as(path: Path) -> Callable[[int], None]:
    """What gives a new file to the owner of the one it replaces, or else of the folder."""

    def hand_over(descriptor: int) -> None:
        if not path.exists():
            give(descriptor, path.parent)
            return
        owner = path.stat()
        if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    return hand_over
