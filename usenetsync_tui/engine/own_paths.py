"""Where UsenetSync's own files are: no version contains them unless the user asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
from usenetsync_tui.settings.settings import Settings

KEY_NAME = "key"


def key_file(settings: Settings, locations: Locations) -> Path:
    """Where the key file is, or will be."""
    return settings.key_file or locations.config_dir / KEY_NAME


def own_paths(
    settings: Settings, locations: Locations, database: Iterable[OwnPath], own_files: bool
) -> list[OwnPath]:
    """All own paths by the current settings; `own_files`: without those that are backed up then."""
    found = [
        *database,
        OwnPath(locations.data_dir, "UsenetSync's own data", always=True),
        OwnPath(key_file(settings, locations), "the key file of UsenetSync", is_secret=True),
        OwnPath(locations.config_dir, "UsenetSync's configuration", is_secret=True),
        OwnPath(locations.log_dir, "UsenetSync's log"),
        *(OwnPath(p, "a password file of UsenetSync", is_secret=True) for p in _words(settings)),
        *(OwnPath(p, "a key of UsenetSync", is_secret=True) for p in _changed(locations)),
    ]
    return [path for path in found if path.always or not own_files]


def database_paths(server: EmbeddedServer) -> list[OwnPath]:
    """The embedded database's folders: a copy made while it runs would be useless."""
    return [OwnPath(folder, "UsenetSync's database", always=True) for folder in server.folders]


def _words(settings: Settings) -> list[Path]:
    files = [settings.passphrase_file, *(server.password_file for server in settings.servers)]
    return [file for file in files if file is not None]


def _changed(locations: Locations) -> list[Path]:
    """Files of former secrets, and of one that a change is about to use."""
    from usenetsync_tui.engine.secret_change.record import read_note  # lists need no cryptography

    note = read_note(locations.config_dir)
    pending = () if note.pending is None else (note.pending.path, note.pending.final)
    return [*note.former, *pending]
