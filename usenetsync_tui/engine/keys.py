"""The user's secret that wraps the keys of sealed folders: a key file, or a passphrase.

Each sealed folder has a random 256-bit key of its own; the catalogue holds it wrapped. Without
the secret no one can read the posted articles, not even the folder's owner.

One secret opens all sealed folders of a catalogue, so that the user has one thing to keep. A key
file is made for the first sealed folder only: if there are others and the file is missing, or is a
different one, a new file would hide that the old one is lost. The same holds for a passphrase.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from usenetsync_tui.codec.key_wrapping import (
    SALT_SIZE,
    KeySecret,
    SecretKind,
    is_of,
    unwrap_key,
    wrap_key,
    wrapped_by,
)
from usenetsync_tui.codec.sealing import KEY_SIZE, NONCE_SIZE
from usenetsync_tui.engine.own_paths import key_file
from usenetsync_tui.errors import KeyUnavailableError, NoKeyError
from usenetsync_tui.locations import Locations
from usenetsync_tui.ownership import give_to_owner_of
from usenetsync_tui.settings.secret_files import secret_line
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.whole_file import write_whole

_TRIED = 3
"""Most keys that a passphrase is tried on: scrypt takes half a second each time."""


class KeyRing:
    """Makes, wraps and unwraps folder keys. Blocking; a passphrase takes a fraction of a second."""

    def __init__(self, settings: Settings, locations: Locations) -> None:
        self._settings = settings
        self._key_file = key_file(settings, locations)
        self._folder = locations

    def new_key(self, others: Sequence[bytes] = ()) -> bytes:
        """Make a folder key, wrapped by the secret that opens the `others`.

        `others`: the wrapped keys of all sealed folders, the newest first. If there are none, and
        no secret either, a key file is made. `NoKeyError` when the secret is missing, or opens
        none of the keys that a secret of its kind wrapped.
        """
        return self.wrapper(others)(secrets.token_bytes(KEY_SIZE))

    def wrapper(self, others: Sequence[bytes] = ()) -> Callable[[bytes], bytes]:
        """What wraps a key of 32 bytes that exists already. Arguments and errors of `new_key`."""
        secret = self._passphrase()
        if secret is None:
            if not self._key_file.exists():
                self._refuse_to_make(others)
            secret = self._file_secret(make=True)
        self._refuse_another(secret, others)
        return lambda key: wrap_key(
            key,
            secret,
            salt=secrets.token_bytes(SALT_SIZE),
            nonce=secrets.token_bytes(NONCE_SIZE),
        )

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap a folder key. `KeyUnavailableError` without the secret that wrapped it."""
        if wrapped_by(wrapped) is SecretKind.KEY_FILE:
            secret = self._file_secret(make=False)
            try:
                return unwrap_key(wrapped, secret)
            except KeyUnavailableError as error:
                raise KeyUnavailableError(f"{self._key_file}: {error.args[0]}") from error
        phrase = self._passphrase()
        if phrase is None:
            raise KeyUnavailableError(
                "It is wrapped by a passphrase: set USENETSYNC_PASSPHRASE or passphrase_file."
            )
        return unwrap_key(wrapped, phrase)

    def _refuse_to_make(self, others: Sequence[bytes]) -> None:
        """Refuse to make a key file if there are sealed folders already."""
        kinds = {_kind(other) for other in others}
        if SecretKind.KEY_FILE in kinds:
            raise NoKeyError(
                f"The key file {self._key_file} is missing, and other sealed folders need it; a "
                "new one would not open them. Bring it back, or set key_file to where it is."
            )
        if SecretKind.PASSPHRASE in kinds:
            raise NoKeyError(
                "The other sealed folders have a passphrase, and none is set: set "
                "USENETSYNC_PASSPHRASE or passphrase_file. To use a key file from now on, set "
                "key_file to one that exists."
            )

    def _refuse_another(self, secret: KeySecret, others: Sequence[bytes]) -> None:
        """Refuse a secret that opens none of the folders it should open."""
        same = [other for other in others if _kind(other) is secret.kind]
        if secret.kind is SecretKind.PASSPHRASE:
            same = same[:_TRIED]
        if not same or any(is_of(other, secret) for other in same):
            return
        if secret.kind is SecretKind.PASSPHRASE:
            raise NoKeyError(
                "The passphrase is not the one of the other sealed folders. Set the one that they "
                "were sealed with."
            )
        raise NoKeyError(
            f"{self._key_file} is not the key file that opens the other sealed folders. Bring that "
            "one back, or set key_file to where it is."
        )

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
                f"The key file {self._key_file} is missing: bring back the one that was made "
                "when the folder was sealed, or set key_file to where it is."
            )
        return KeySecret.key_file(secret_line(self._key_file).encode())


def _kind(wrapped: bytes) -> SecretKind | None:
    """The kind of secret that wrapped a key; None if the key is too damaged to tell."""
    try:
        return wrapped_by(wrapped)
    except KeyUnavailableError:
        return None


def _write_key(path: Path) -> None:
    """Write a key file whole or not at all, durably: the keys it wraps are lost without it."""
    words = f"{secrets.token_hex(KEY_SIZE)}\n".encode()
    try:
        write_whole(
            path, words, hand_over=lambda descriptor: give_to_owner_of(descriptor, path.parent)
        )
    except FileExistsError:
        return  # never overwrite a key that another process has just made
    except OSError as error:
        problem = f"The key file {path} cannot be written: {error.strerror}."
        raise KeyUnavailableError(problem, whole=True) from error
