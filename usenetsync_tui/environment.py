"""The environment of the process: its variables, its user, its current folder.

Only this module asks the system for the home folder and the current folder, and decides which
variables count. Standard streams are in `cli.streams`, because only the command has them.
Refuses to know what is in the folders it finds (`locations`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.model.text.safe_name import safe_name

_POSTGRES = "PG"
_OURS = "USENETSYNC_"
_SET_HOME = "Set USENETSYNC_HOME to the folder to use."

KEPT_MEMORY = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=8388608"
}
"""Variables for a process that handles one article after another. By default glibc maps memory for
each of them, faults it in page by page, and unmaps it. With these it keeps up to 8 MiB of it. Other
C libraries ignore them."""


def helper_variables(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a process that helps this one: not our settings, which may be secrets."""
    return {name: value for name, value in variables.items() if not name.startswith(_OURS)}


def forget_postgres_variables(variables: MutableMapping[str, str] = os.environ) -> None:
    """Remove every variable of libpq and PostgreSQL: all whose names begin with PG.

    They configure how libpq reaches a server of the user (psql's manual; libpq, section 34.15), and
    override or break our address of the embedded one: PGSERVICE, PGREQUIREAUTH, PGOPTIONS, PGTZ….
    Each release of libpq adds some, so there is no list. Call this before using the embedded
    server; for a server of the user, keep the variables.
    """
    for name in [name for name in variables if name.startswith(_POSTGRES)]:
        del variables[name]


def home_folder(variables: Mapping[str, str]) -> Path:
    """The user's home: HOME, else the one in the system's user database.

    Raises `SettingsError` when there is neither, or HOME is not an absolute path.
    """
    home = variables.get("HOME")
    if home == "":
        raise SettingsError(f"HOME is set but empty. {_SET_HOME}")
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
    """The current folder; None when it was deleted or cannot be read."""
    try:
        return os.getcwdb()
    except OSError:
        return None


def expanded(path: str, variables: Mapping[str, str]) -> str:
    """The path with a leading ``~`` or ``~user`` expanded.

    Raises `SettingsError` for an unknown user.
    """
    first, slash, rest = path.partition("/")
    if first == "~":
        return os.path.join(home_folder(variables), rest)
    found = os.path.expanduser(first) + slash + rest
    if found.startswith("~"):
        raise SettingsError(f"{safe_name(path)} begins with the home of an unknown user.")
    return found


def absolute_path(path: bytes) -> bytes:
    """The absolute path, without following links.

    Raises `UsageError` for a relative path when the current folder does not exist.
    """
    if os.path.isabs(path):
        return os.path.abspath(path)
    try:
        return os.path.abspath(os.path.join(os.getcwdb(), path))
    except OSError as error:
        raise UsageError(
            f"{safe_name(path)} is relative to the current folder, which cannot be found "
            f"({error.strerror}). Change to another folder, or write the whole path."
        ) from None


def real_path(path: bytes) -> bytes:
    """The absolute path, with links followed. Raises `UsageError` as `absolute_path` does."""
    return os.path.realpath(absolute_path(path) if not os.path.isabs(path) else path)
