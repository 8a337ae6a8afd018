"""Reports where the secret is, which folders need it, and whether it opens their keys.

Never contains a key or a passphrase.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from usenetsync_tui.catalogue.tables.keys import WrappedKey
from usenetsync_tui.codec.key_wrapping import SecretKind, fingerprint, fingerprint_of, wrapped_by
from usenetsync_tui.engine.keys import KeyRing, secret_in
from usenetsync_tui.engine.own_paths import key_file
from usenetsync_tui.engine.secret_change.record import read_note
from usenetsync_tui.engine.secret_change.settings_of import variable
from usenetsync_tui.errors import KeyUnavailableError, SettingsError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.recovery.keys import FolderKey, SecretReport
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.settings.sources import shown

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def key_words(key: WrappedKey) -> str:
    """The folder of a key, and what the key is for."""
    name = safe_name(key.path) if key.name is None else safe_name(key.name)
    return f"{name} ({key_purpose(key)})"


def key_purpose(key: WrappedKey) -> str:
    """What a key is for."""
    if key.is_index:
        return "index"
    return "earlier versions" if key.is_renewed else "files"


def secret_report(settings: Settings, locations: Locations) -> SecretReport:
    """Where the secret is, without any of it. Blocking."""
    note = read_note(locations.config_dir)
    former = tuple(path for path in note.former if path.exists())
    pending = None if note.pending is None else note.pending.final
    if settings.passphrase is not None or settings.passphrase_file is not None:
        path, where = settings.passphrase_file, "passphrase_file"
        if settings.passphrase is not None:
            path, where = None, variable("passphrase") or "passphrase in config.toml"
        problem = _problem(path, SecretKind.PASSPHRASE) if path is not None else ""
        return SecretReport("passphrase", path, where, "", _mode(path), problem, former, pending)
    path = key_file(settings, locations)
    problem = _problem(path, SecretKind.KEY_FILE)
    mark = "" if problem else fingerprint(secret_in(path, SecretKind.KEY_FILE))
    return SecretReport("key file", path, "key_file", mark, _mode(path), problem, former, pending)


def folder_keys(
    settings: Settings, locations: Locations, wrapped: Sequence[WrappedKey]
) -> Iterator[FolderKey]:
    """Whether the secret opens each key. Blocking; a passphrase takes half a second for each."""
    ring = KeyRing(settings, locations)
    for key in wrapped:
        try:
            kind = wrapped_by(key.wrapped).noun
        except KeyUnavailableError:
            kind = ""
        problem = ""
        try:
            ring.unwrap(key.wrapped)
        except (KeyUnavailableError, SettingsError) as error:
            problem = str(error.args[0])
        name = safe_name(key.path) if key.name is None else key.name
        yield FolderKey(
            name, key.path, key_purpose(key), kind, fingerprint_of(key.wrapped), problem
        )


def _problem(path: Path, kind: SecretKind) -> str:
    """Why the file is no secret; empty if it is one."""
    if not path.exists():
        return f"{shown(path)} does not exist."
    try:
        secret_in(path, kind)
    except (KeyUnavailableError, SettingsError) as error:
        return str(error.args[0])
    return ""


def _mode(path: Path | None) -> int | None:
    """The rights of the file; None if there is no file."""
    try:
        return None if path is None else stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
