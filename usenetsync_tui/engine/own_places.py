"""Where UsenetSync's own files are: no version contains them unless the user asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from usenetsync_tui.disk.source.own_files import OwnPlace
from usenetsync_tui.engine.keys import key_file
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
from usenetsync_tui.settings.settings import Settings


def own_places(
    settings: Settings, locations: Locations, database: Iterable[OwnPlace], folder: Folder
) -> list[OwnPlace]:
    """All places by the current settings, without those that the folder does back up."""
    found = [
        *database,
        OwnPlace(locations.data_dir, "UsenetSync's own data", always=True),
        OwnPlace(key_file(settings, locations), "the key file of UsenetSync", is_secret=True),
        OwnPlace(locations.config_dir, "UsenetSync's configuration", is_secret=True),
        OwnPlace(locations.log_dir, "UsenetSync's log"),
        *(OwnPlace(p, "a password file of UsenetSync", is_secret=True) for p in _words(settings)),
    ]
    return [place for place in found if place.always or not folder.own_files]


def database_places(server: EmbeddedServer) -> list[OwnPlace]:
    """The embedded database's folders: a copy made while it runs would be useless."""
    return [OwnPlace(folder, "UsenetSync's database", always=True) for folder in server.folders]


def _words(settings: Settings) -> list[Path]:
    files = [settings.passphrase_file, *(server.password_file for server in settings.servers)]
    return [file for file in files if file is not None]
