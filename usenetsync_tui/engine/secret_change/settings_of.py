"""How the settings name the secret, and how a change of the secret changes them.

Variables of the environment hide what `config.toml` says. A change that they would hide is refused
before it begins.
"""

from __future__ import annotations

import os
from pathlib import Path

from usenetsync_tui.codec.key_wrapping import SecretKind
from usenetsync_tui.engine.own_paths import KEY_NAME, key_file
from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.ownership import give_to_owner_of
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.settings.sources import PREFIX, shown
from usenetsync_tui.whole_file import write_whole

_FORMER_PASSPHRASE = "passphrase.old"


def variable(key: str) -> str:
    """The variable of the environment that sets a key now; empty if none does."""
    name = (PREFIX + key).upper()
    return next((given for given in os.environ if given.upper() == name), "")


def refuse_hidden(settings: Settings, locations: Locations, kind: SecretKind, path: Path) -> None:
    """`UsageError` when the settings could not name this file as the secret."""
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        problem = f"{shown(path)} is not UTF-8, and config.toml cannot name it: choose another name"
        raise UsageError(f"{problem}.") from None
    key = "key_file" if kind is SecretKind.KEY_FILE else "passphrase_file"
    in_force = key_file(settings, locations)
    if kind is SecretKind.PASSPHRASE:
        in_force = settings.passphrase_file or Path()
    if (name := variable(key)) and in_force != path:
        raise UsageError(
            f"{name} is set, and hides what config.toml says. Write its value into config.toml as "
            f"{key}, unset {name}, and try again."
        )


def notes_about(settings: Settings, kind: SecretKind) -> tuple[str, ...]:
    """Sentences about variables that hold a former passphrase."""
    keys = ["passphrase"]
    if kind is SecretKind.KEY_FILE:
        keys.append("passphrase_file")
    names = [name for key in keys if (name := variable(key))]
    return tuple(f"Unset {name}: it holds the former passphrase." for name in names)


def secrets_in_force(settings: Settings, locations: Locations) -> list[Path]:
    """The files of secrets that the settings name, as far as they exist."""
    named = [key_file(settings, locations), settings.passphrase_file]
    return [path.absolute() for path in named if path is not None and path.exists()]


def use_in_settings(settings: Settings, locations: Locations, kind: SecretKind, path: Path) -> None:
    """Name the new secret in `config.toml`. A passphrase that is written there moves to a file."""
    from usenetsync_tui.settings.file import change_values  # whose TOML writer few runs need

    values: dict[str, str | None] = {"passphrase": None}
    if settings.passphrase is not None and not variable("passphrase"):
        _keep_passphrase(locations, settings.passphrase.get_secret_value())
    if kind is SecretKind.PASSPHRASE:
        if settings.passphrase_file != path:
            values["passphrase_file"] = str(path)
    else:
        values["passphrase_file"] = None
        if key_file(settings, locations) != path:
            is_default = path == locations.config_dir / KEY_NAME
            values["key_file"] = None if is_default else str(path)
    change_values(locations.config_dir, values)


def _keep_passphrase(locations: Locations, words: str) -> None:
    """Write the former passphrase beside the settings; the latest one, if there are several."""
    old = locations.config_dir / _FORMER_PASSPHRASE
    try:
        write_whole(
            old,
            f"{words}\n".encode(),
            replace=True,
            hand_over=lambda descriptor: give_to_owner_of(descriptor, old.parent),
        )
    except OSError as error:
        raise SettingsError(f"{shown(old)} cannot be written: {error.strerror}.", whole=True) from (
            error
        )
