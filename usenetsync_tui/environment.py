"""What the surroundings of the process may decide: its variables, its user, its current folder.

The one place that asks the system for a home folder or the current folder, and that says which
variables count. Standard streams are another module's (`cli.streams`), for only the command has
them. Refuses to know what is kept in the places it finds (`locations`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.model.safe_name import safe_name

_POSTGRES = "PG"
_SET_HOME = "Set USENETSYNC_HOME to the folder to use."


def forget_postgres_variables(variables: MutableMapping[str, str] = os.environ) -> None:
    """Remove every variable of libpq's and PostgreSQL's: all whose names begin with PG.

    They say how to reach a server of the user's (psql's manual; libpq, section 34.15), and
    overrule or break what we say of the embedded one: PGSERVICE, PGREQUIREAUTH, PGOPTIONS, PGTZ….
    libpq has new ones in each release, so there is no list. Call before the embedded server is
    used; with a server of the user's own they stay.
    """
    for name in [name for name in variables if name.startswith(_POSTGRES)]:
        del variables[name]


def home_folder(variables: Mapping[str, str]) -> Path:
    """The user's home: HOME, or else what the system has on file for the user id.

    Raises `SettingsError` when there is neither, or HOME is not an absolute path.
    """
    home = variables.get("HOME")
    if home == "":
        raise SettingsError(f"HOME is set, and empty. {_SET_HOME}")
    home = home or _home_on_file()
    if not home:
        raise SettingsError(
            f"There is no home folder: HOME is not set, and the user id {os.getuid()} is not in "
            f"/etc/passwd. {_SET_HOME}"
        )
    if not os.path.isabs(home):
        raise SettingsError(f"HOME is {safe_name(home)}, not an absolute path. {_SET_HOME}")
    return Path(home)


def _home_on_file() -> str:
    import pwd  # not on Windows, where this module must still import

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def current_folder() -> bytes | None:
    """The current folder; None when it was deleted, or may not be looked at."""
    try:
        return os.getcwdb()
    except OSError:
        return None


def expanded(path: str, variables: Mapping[str, str]) -> str:
    """The path with ``~`` or ``~user`` at its beginning put in words. Raises `SettingsError`."""
    first, slash, rest = path.partition("/")
    if first == "~":
        return os.path.join(home_folder(variables), rest)
    found = os.path.expanduser(first) + slash + rest
    if found.startswith("~"):
        raise SettingsError(f"{safe_name(path)} begins with the home of a user who is not known.")
    return found


def absolute_path(path: bytes) -> bytes:
    """The path from the root on, links not followed.

    Raises `UsageError` for a relative one when the current folder is not there any more.
    """
    if os.path.isabs(path):
        return os.path.abspath(path)
    try:
        return os.path.abspath(os.path.join(os.getcwdb(), path))
    except OSError as error:
        raise UsageError(
            f"{safe_name(path)} is relative to the current folder, and that cannot be found "
            f"({error.strerror}). Change to another folder, or give the whole path."
        ) from None


def real_path(path: bytes) -> bytes:
    """The path from the root on, links followed. Raises `UsageError` as `absolute_path` does."""
    return os.path.realpath(absolute_path(path) if not os.path.isabs(path) else path)
