"""The user's secret that wraps the keys of sealed folders: a key file, or a passphrase.

Each sealed folder has a random 256-bit key of its own; the catalogue holds it wrapped. Without
the secret nobody can read what was posted, not even its owner.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from usenetsync_tui.codec.sealing import (
    KEY_SIZE,
    NONCE_SIZE,
    SALT_SIZE,
    KeySecret,
    SecretKind,
    unwrap_key,
    wrap_key,
    wrapped_by,
)
from usenetsync_tui.errors import KeyUnavailableError
from usenetsync_tui.locations import Locations
from usenetsync_tui.settings import Settings, secret_line

KEY_NAME = "key"


def key_file(settings: Settings, locations: Locations) -> Path:
    """Where the key file is, or will be."""
    return settings.key_file or locations.config_dir / KEY_NAME


class KeyRing:
    """Makes, wraps and unwraps folder keys. Blocking; a passphrase takes a fraction of a second."""

    def __init__(self, settings: Settings, locations: Locations) -> None:
        self._settings = settings
        self._key_file = key_file(settings, locations)
        self._folder = locations

    def new_key(self) -> bytes:
        """A fresh folder key, wrapped. A key file that is not there yet is made."""
        secret = self._passphrase() or self._file_secret(make=True)
        return wrap_key(
            secrets.token_bytes(KEY_SIZE),
            secret,
            salt=secrets.token_bytes(SALT_SIZE),
            nonce=secrets.token_bytes(NONCE_SIZE),
        )

    def unwrap(self, wrapped: bytes) -> bytes:
        """A folder key. `KeyUnavailableError` without the secret that wrapped it."""
        if wrapped_by(wrapped) is SecretKind.KEY_FILE:
            return unwrap_key(wrapped, self._file_secret(make=False))
        secret = self._passphrase()
        if secret is None:
            raise KeyUnavailableError(
                "It is wrapped by a passphrase: set USENETSYNC_PASSPHRASE or passphrase_file."
            )
        return unwrap_key(wrapped, secret)

    def _passphrase(self) -> KeySecret | None:
        words = self._settings.passphrase.get_secret_value() if self._settings.passphrase else ""
        if not words and self._settings.passphrase_file is not None:
            words = secret_line(self._settings.passphrase_file)
        return KeySecret.passphrase(words) if words else None

    def _file_secret(self, *, make: bool) -> KeySecret:
        if make and not self._key_file.exists():
            self._folder.create()
            _write_key(self._key_file)
        if not self._key_file.exists():
            raise KeyUnavailableError(
                f"The key file {self._key_file} is not there: bring back the one that was made "
                "when the folder was sealed."
            )
        return KeySecret.key_file(secret_line(self._key_file).encode())


def _write_key(path: Path) -> None:
    """Whole or not at all, and on disk: what it wraps is lost without it."""
    whole = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_SIZE) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(whole, path)  # never over a key that another process has just made
        except FileExistsError:
            return
        finally:
            os.unlink(whole)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyUnavailableError(f"{path} cannot be written: {error.strerror}.") from error
