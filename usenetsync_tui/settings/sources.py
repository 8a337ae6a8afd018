"""The sources of the settings: the bytes of `config.toml`, and the variables `USENETSYNC_<KEY>`.

Knows files, encodings, TOML and JSON; refuses to know what the settings mean (`settings`). A source
that cannot be read is a `SettingsError` with the file and the line, or the variable. It never
quotes a value, which may be a password.
"""

from __future__ import annotations

import codecs
import json
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.servers.servers import PASSWORD_VARIABLE, password_variable
from usenetsync_tui.model.text.nearest import did_you_mean
from usenetsync_tui.model.text.safe_name import safe_name

CONFIG_NAME = "config.toml"
PREFIX = "USENETSYNC_"
_HOME = "USENETSYNC_HOME"
_LARGEST = 4 << 20
"""Bytes: more than anyone writes by hand."""
_OTHER_TEXT = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def config_bytes(path: Path) -> bytes | None:
    """The bytes of the file; None if it does not exist. `SettingsError` if it cannot be read.

    Never waits: refuses a FIFO or a device in its place. A broken link is an error, not a missing
    file: without its settings, the program would use another catalogue.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "Is a directory" if stat.S_ISDIR(mode) else "Not a regular file"
            raise SettingsError(f"{shown(path)} cannot be read: {kind}.")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        if not os.path.lexists(path):
            return None
        raise SettingsError(f"{shown(path)} cannot be read: {error.strerror}.") from None
    except OSError as error:
        raise SettingsError(f"{shown(path)} cannot be read: {error.strerror}.") from None
    if len(data) > _LARGEST:
        raise SettingsError(f"{shown(path)} is larger than 4 MiB, too large for settings.")
    return data


def config_text(path: Path, data: bytes) -> str:
    """The file as text, without the byte order mark that some editors put before UTF-8."""
    if data.startswith(_OTHER_TEXT):
        raise SettingsError(f"{shown(path)} is UTF-16 or UTF-32 text: save it as UTF-8.")
    if b"\0" in data:
        raise SettingsError(f"{shown(path)} is not text: it contains zero bytes.")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{shown(path)}, line {line}: this is not UTF-8 text (byte 0x{data[error.start]:02x}). "
            "Save the file as UTF-8."
        ) from None


def config_table(path: Path, text: str) -> dict[str, Any]:
    """The keys of the file and their values. `SettingsError` names the line."""
    import tomllib  # 20 ms, and there may be no file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{shown(path)}: this is not TOML: {error}.") from None
    except RecursionError:
        raise SettingsError(f"{shown(path)}: this is not TOML: it is nested too deeply.") from None
    except ValueError:
        raise SettingsError(f"{shown(path)}: a number in it has too many digits.") from None


def from_variables(
    variables: Mapping[str, str], keys: Mapping[str, str]
) -> dict[str, tuple[str, Any]]:
    """The keys that are set in the environment: for each, the variable's name and its value.

    `keys`: all keys; a key that is written as JSON has an example, others an empty text. The case
    of a variable's name does not matter. `SettingsError` names a variable that is empty, is not
    JSON, or looks like a misspelt key.
    """
    found: dict[str, tuple[str, Any]] = {}
    names = {(PREFIX + key).upper(): key for key in keys}
    for name, value in variables.items():
        key = names.get(name.upper())
        if key is None:
            if near := _misspelt(name, names):
                raise SettingsError(f"Unknown variable {safe_name(name)}.{near}")
        elif not value:
            raise SettingsError(f"{name} is set but empty. Give it a value, or unset it.")
        else:
            example = keys[key]
            found[key] = name, _decoded(name, value, example) if example else _text(name, value)
    return found


def unused_variables(
    variables: Mapping[str, str], keys: Collection[str], servers: Collection[str]
) -> list[str]:
    """Sentences about ``USENETSYNC_`` variables that no key and no server uses."""
    passwords = {password_variable(server) for server in servers}
    used = {_HOME, *((PREFIX + key).upper() for key in keys)}
    found = []
    for name in variables:
        if name.upper().startswith(PASSWORD_VARIABLE):
            if name not in passwords:
                near = did_you_mean(name, passwords)
                found.append(f"No server uses the password in {safe_name(name)}.{near}")
        elif name.upper().startswith(PREFIX) and name.upper() not in used:
            found.append(f"UsenetSync does not use the variable {safe_name(name)}.")
    return found


def shown(path: Path) -> str:
    """The file's name, safe to show on a terminal."""
    return safe_name(os.fsencode(path))


def _misspelt(name: str, names: Collection[str]) -> str:
    """A suggestion of the right variable; empty when this name is not similar to any."""
    upper = name.upper()
    if upper == _HOME or not upper.startswith(PREFIX) or upper.startswith(PASSWORD_VARIABLE):
        return ""
    keys = [known.removeprefix(PREFIX) for known in (*names, _HOME)]
    near = did_you_mean(upper.removeprefix(PREFIX), keys, least=0.75)
    return near.replace('"', f'"{PREFIX}', 1)


def _decoded(name: str, value: str, example: str) -> object:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{name} is not JSON: {error.msg} (line {error.lineno}, column {error.colno}). Write "
            f"it like {example}."
        ) from None
    except (ValueError, RecursionError):
        raise SettingsError(f"{name} is not JSON.") from None


def _text(name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SettingsError(f"{name} is not UTF-8 text.") from None
    return value
