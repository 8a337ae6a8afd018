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
from contextlib import suppress
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
from usenetsync_tui.engine.secret_change.record import read_note
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
        phrases = self.passphrases()
        secret = self._that_opens(phrases, others) if phrases else None
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
            if not is_of(wrapped, secret):
                secret = next((s for s in self._pending() if is_of(wrapped, s)), secret)
            try:
                return unwrap_key(wrapped, secret)
            except KeyUnavailableError as error:
                raise KeyUnavailableError(f"{self._key_file}: {error.args[0]}") from error
        phrases = self.passphrases()
        if not phrases:
            raise KeyUnavailableError(
                "It is wrapped by a passphrase: set USENETSYNC_PASSPHRASE or passphrase_file."
            )
        for phrase in phrases[:-1]:
            with suppress(KeyUnavailableError):
                return unwrap_key(wrapped, phrase)
        return unwrap_key(wrapped, phrases[-1])

    def passphrases(self) -> list[KeySecret]:
        """All passphrases in force: usually one; more while a change of the secret is under way."""
        words = []
        if self._settings.passphrase is not None:
            words.append(self._settings.passphrase.get_secret_value())
        if self._settings.passphrase_file is not None:
            words.append(secret_line(self._settings.passphrase_file))
        found = [KeySecret.passphrase(text) for text in words if text]
        found += [s for s in self._pending() if s.kind is SecretKind.PASSPHRASE]
        return list({secret.value: secret for secret in found}.values())

    def _pending(self) -> list[KeySecret]:
        """The secret of a change that is under way: it may wrap all keys already."""
        pending = read_note(self._folder.config_dir).pending
        if pending is None:
            return []
        places = dict.fromkeys((pending.path, pending.final))
        return [secret_in(path, pending.kind) for path in places if path.exists()]

    @staticmethod
    def _that_opens(phrases: Sequence[KeySecret], others: Sequence[bytes]) -> KeySecret:
        """The passphrase that opens the other folders; the first if none does, or if all may."""
        if len(phrases) > 1:
            same = [o for o in others if _kind(o) is SecretKind.PASSPHRASE][:_TRIED]
            for phrase in phrases:
                if any(is_of(other, phrase) for other in same):
                    return phrase
        return phrases[0]

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

    def _file_secret(self, *, make: bool) -> KeySecret:
        if make and not self._key_file.exists():
            self._folder.create()
            make_key_file(self._key_file)
        if not self._key_file.exists():
            if pending := [s for s in self._pending() if s.kind is SecretKind.KEY_FILE]:
                return pending[0]
            raise KeyUnavailableError(
                f"The key file {self._key_file} is missing: bring back the one that was made "
                "when the folder was sealed, or set key_file to where it is."
            )
        return secret_in(self._key_file, SecretKind.KEY_FILE)


def secret_in(path: Path, kind: SecretKind) -> KeySecret:
    """The secret in the first line of a file. `SettingsError`, `KeyUnavailableError`."""
    words = secret_line(path)
    if kind is SecretKind.PASSPHRASE:
        return KeySecret.passphrase(words)
    return KeySecret.key_file(words.encode())


def _kind(wrapped: bytes) -> SecretKind | None:
    """The kind of secret that wrapped a key; None if the key is too damaged to tell."""
    try:
        return wrapped_by(wrapped)
    except KeyUnavailableError:
        return None


def make_key_file(path: Path) -> None:
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
