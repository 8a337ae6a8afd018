"""Files with secrets: refuses those that other users can read."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.settings.sources import shown

_SECRETS = (b"database_url", b"password", b"passphrase")


def refuse_open_secrets(path: Path, data: bytes) -> None:
    """`SettingsError` when a file contains a secret and other users have any right to it."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingsError(f"{shown(path)} cannot be read: {error.strerror}.") from None
    held = next((s for s in _SECRETS if s in data), None)
    if held is not None and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"{shown(path)} holds a {held.decode()} and others can read it: chmod 600 "
            f"{shlex.quote(shown(path))}"
        )


def secret_line(path: Path) -> str:
    """The first line of a file. `SettingsError` when other users have any right to it."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SettingsError(
                    f"Others can read {shown(path)}: chmod 600 {shlex.quote(shown(path))}"
                )
            return file.readline(4096).decode().rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{shown(path)} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{shown(path)} is not UTF-8 text.") from None
