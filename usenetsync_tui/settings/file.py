"""Adds a server to `config.toml`, or changes some keys, and leaves the rest of the file as it is.

Knows TOML and how to replace a file in one step. Refuses to know what the settings mean
(`settings`), which can read everything that this module writes.
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
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.servers import Role, Server
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.ownership import give_to_owner_of
from usenetsync_tui.settings.server import clash_with, server_problems
from usenetsync_tui.settings.sources import (
    CONFIG_NAME,
    config_bytes,
    config_table,
    config_text,
    shown,
)
from usenetsync_tui.whole_file import write_whole

_ALWAYS = ("name", "host", "port", "tls", "username", "connections")
_VARIABLE = "USENETSYNC_SERVERS"

Value = str | int | float | bool | list[str]


def add_server(config_dir: Path, server: Server) -> None:
    """Append a server to `config.toml`, and create the file if it does not exist.

    Comments and everything else stay unchanged. Afterwards only the owner can read the file. If
    it is a symlink, writes its target. `SettingsError` when the server is not valid, its name is
    taken, or the file cannot be read or written: then nothing has changed.
    """
    _refuse_nonsense(server)
    _rewrite(config_dir, lambda path, text: _with_server(path, text, server))


def change_values(config_dir: Path, values: Mapping[str, str | None]) -> None:
    """Set top-level keys of `config.toml`; None removes one. Otherwise as `add_server`."""
    _rewrite(config_dir, lambda path, text: _with_values(path, text, values))


def _rewrite(config_dir: Path, change: Callable[[Path, str], str]) -> None:
    """Replace the text of `config.toml` in one step, unless the change leaves it as it is."""
    path = Path(os.path.realpath(config_dir / CONFIG_NAME))
    try:
        make_private(config_dir)
        data = config_bytes(path) or b""
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        text = config_text(path, data)
        changed = change(path, text)
        if changed == text:
            return
        write_whole(path, mark + changed.encode(), replace=True, hand_over=_owned_as(path))
    except UnicodeEncodeError:  # its message would show the text, which may be a password
        words = "The new settings contain bytes that are not UTF-8."
        raise SettingsError(words, whole=True) from None
    except OSError as error:
        words = f"{shown(path)} cannot be written: {error.strerror}."
        raise SettingsError(words, whole=True) from error


def _with_values(path: Path, text: str, values: Mapping[str, str | None]) -> str:
    expected = config_table(path, text)
    document = tomlkit.parse(text)
    for key, value in values.items():
        if value is None:
            expected.pop(key, None)
            document.pop(key, None)
        else:
            expected[key] = value
            document[key] = value
    changed = document.as_string()
    assert config_table(path, changed) == expected
    return changed


def _refuse_nonsense(server: Server) -> None:
    if any(name.upper() == _VARIABLE for name in os.environ):
        raise SettingsError(
            f"{_VARIABLE} is set: while it is, the servers of the file are not used.", whole=True
        )
    if wrong := server_problems(_values(server)):
        raise SettingsError(wrong)


def _values(server: Server) -> dict[str, Value]:
    """The keys to write: those in `_ALWAYS`, and those that differ from the default."""
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
    """The value as a type of TOML."""
    if isinstance(value, StrEnum):
        return str(value.value)
    return str(value) if isinstance(value, Secret) else value


def _with_server(path: Path, text: str, server: Server) -> str:
    there = config_table(path, text).get("servers", [])
    if not isinstance(there, list):
        raise SettingsError(f"{shown(path)}: servers must be a list of tables.")
    names = [str(other.get("name")) for other in there if isinstance(other, Mapping)]
    if server.name in names:
        words = f"There is already a server {safe_name(server.name)!r}."
        raise SettingsError(words, whole=True)
    try:
        clash_with(server.name, names)
    except ValueError as error:
        raise SettingsError(str(error), whole=True) from None
    document = tomlkit.parse(text)
    if isinstance(document.get("servers"), Array):  # written as one list of inline tables
        cast("Array", document["servers"]).append(_filled(tomlkit.inline_table(), server))
        return document.as_string()
    # TOML allows a table at the end of every file, and there it moves no comment.
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
    """Returns a function that gives a new file to the owner of the file that it replaces.

    If it replaces none, to the owner of the folder.
    """

    def hand_over(descriptor: int) -> None:
        if not path.exists():
            give_to_owner_of(descriptor, path.parent)
            return
        owner = path.stat()
        if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    return hand_over
