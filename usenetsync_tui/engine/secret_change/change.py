"""Wraps the keys of all folders with another passphrase or key file.

The steps, each durable before the next begins:

1. open every key with the secret in force; nothing changes if one does not open;
2. write the new key file, if there is none yet;
3. note where the new secret is (`record`);
4. replace all wrapped keys in one transaction, after each new one was opened with the secret as it
   is on disk;
5. read them back, and compare;
6. write the new place into the settings, and keep the old secret beside the new one;
7. remove the note.

Killed before 4, the old secret opens everything; after 4, the new one does. `settle` finds out
which, and finishes or forgets the change. Each step can be repeated.
"""

from __future__ import annotations

import glob
import itertools
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import keys
from usenetsync_tui.catalogue.tables.keys import WrappedKey
from usenetsync_tui.codec.key_wrapping import (
    SALT_SIZE,
    KeySecret,
    SecretKind,
    is_of,
    unwrap_key,
    wrap_key,
)
from usenetsync_tui.codec.sealing import NONCE_SIZE
from usenetsync_tui.engine.keys import KeyRing, make_key_file, secret_in
from usenetsync_tui.engine.own_paths import key_file
from usenetsync_tui.engine.secret_change.record import (
    PendingChange,
    SecretNote,
    read_note,
    write_note,
)
from usenetsync_tui.engine.secret_change.settings_of import (
    notes_about,
    refuse_hidden,
    secrets_in_force,
    use_in_settings,
)
from usenetsync_tui.engine.secret_change.show import key_words
from usenetsync_tui.errors import KeyUnavailableError, SettingsError, UsageError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.recovery.keys import ChangedSecret
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.ownership import give_to_owner_of
from usenetsync_tui.settings.settings import Settings, load_settings
from usenetsync_tui.settings.sources import shown
from usenetsync_tui.whole_file import write_whole

Seen = Callable[[int, int], object]
"""Gets how many keys are opened or wrapped, of how many."""
_DAMAGE_SHOWN = 5
_TRIED = 3
"""Most keys that a passphrase is tried on: scrypt takes half a second each time."""
_NEW, _OLD = ".new", ".old"


@value_object
class NewSecret:
    """The secret that the user wants from now on."""

    kind: SecretKind
    path: Path
    """Its file, absolute. A key file that does not exist, or is the one in use, is made."""


async def change_secret(
    catalogue: Catalogue, locations: Locations, wanted: NewSecret, *, seen: Seen | None = None
) -> ChangedSecret:
    """Wrap all keys with another secret. The caller holds the catalogue, and no job runs.

    `UsageError`, `KeyUnavailableError` (a key does not open, or the file cannot be made),
    `SettingsError`; then nothing has changed.
    """
    await settle(catalogue, locations)
    settings = await to_thread.run_sync(load_settings, locations.config_dir)
    async with catalogue.transaction() as tx:
        before = await keys.every_wrapped(tx)
    if not before:
        raise UsageError(
            "No folder has a key yet: set key_file or passphrase_file in config.toml instead."
        )
    refuse_hidden(settings, locations, wanted.kind, wanted.path)
    counted = _Count(2 * len(before), seen)
    opened = await to_thread.run_sync(
        lambda: _opened(KeyRing(settings, locations), before, counted)
    )
    pending, made = await to_thread.run_sync(lambda: _prepared(settings, locations, wanted, before))
    secret = await to_thread.run_sync(lambda: secret_in(pending.path, pending.kind))
    wrapped = await to_thread.run_sync(lambda: _wrapped(opened, secret, counted))
    await to_thread.run_sync(lambda: _announce(settings, locations, pending))
    await _replace(catalogue, before, wrapped)
    notes = notes_about(settings, pending.kind)
    former = await to_thread.run_sync(lambda: _finish(locations, pending))
    return ChangedSecret(
        keys=len(wrapped),
        kind=pending.kind.noun,
        path=os.fsencode(pending.final),
        made=made,
        former=tuple(map(os.fsencode, former)),
        notes=notes,
    )


async def settle(catalogue: Catalogue, locations: Locations) -> str:
    """Finish a change that was interrupted, or forget it if the catalogue never changed.

    Returns a sentence for the log, or an empty text if there was none. `KeyUnavailableError`,
    `SettingsError`. The caller holds the catalogue.
    """
    note = await to_thread.run_sync(read_note, locations.config_dir)
    if (pending := note.pending) is None:
        return ""
    async with catalogue.transaction() as tx:
        wrapped = await keys.every_wrapped(tx)
    settings = await to_thread.run_sync(load_settings, locations.config_dir)
    ring = KeyRing(settings, locations)
    if not await to_thread.run_sync(lambda: _is_in_use(pending, wrapped, ring)):
        await to_thread.run_sync(lambda: _forget(locations, pending, note.former))
        return "An interrupted change of the key was undone: the old secret is in force."
    await to_thread.run_sync(lambda: _finish(locations, pending))
    return "An interrupted change of the key was finished: the new secret is in force."


class _Count:
    """Counts keys for `Seen`."""

    def __init__(self, total: int, seen: Seen | None) -> None:
        self._done, self._total, self._seen = 0, total, seen

    def one_more(self) -> None:
        self._done += 1
        if self._seen is not None:
            self._seen(self._done, self._total)


def _opened(ring: KeyRing, before: Sequence[WrappedKey], count: _Count) -> dict[int, bytes]:
    """All keys by realm. `KeyUnavailableError` names each that does not open."""
    opened, damage = {}, []
    for key in before:
        try:
            opened[key.realm] = ring.unwrap(key.wrapped)
        except KeyUnavailableError as error:
            damage.append(f"{key_words(key)}: {error.args[0]}")
        count.one_more()
    if damage:
        shown_ones = " ".join(damage[:_DAMAGE_SHOWN])
        more = len(damage) - _DAMAGE_SHOWN
        rest = f" And {plural(more, 'other key')}." if more > 0 else ""
        problem = f"Nothing was changed, for the secret in force does not open {shown_ones}{rest}"
        raise KeyUnavailableError(problem, whole=True)
    return opened


def _prepared(
    settings: Settings, locations: Locations, wanted: NewSecret, before: Sequence[WrappedKey]
) -> tuple[PendingChange, bool]:
    """The change, with the file of its secret on disk; whether that is a new one."""
    path = final = wanted.path
    if wanted.kind is SecretKind.KEY_FILE:
        if path == key_file(settings, locations) and path.exists():
            here = secret_in(path, wanted.kind)
            if any(is_of(key.wrapped, here) for key in before):
                path = path.with_name(path.name + _NEW)
                path.unlink(missing_ok=True)  # left by a change that was killed before its note
        made = not path.exists()
        if made:
            make_key_file(path)
        return PendingChange(wanted.kind, path, final), made
    secret = secret_in(path, wanted.kind)  # refuses an empty one, and one that others can read
    if all(is_of(key.wrapped, secret) for key in before):
        raise UsageError(f"The passphrase in {shown(path)} wraps all keys already.")
    return PendingChange(wanted.kind, path, final), False


def _wrapped(opened: Mapping[int, bytes], secret: KeySecret, count: _Count) -> dict[int, bytes]:
    """All keys wrapped by the new secret; each was opened again."""
    wrapped = {}
    for realm, key in opened.items():
        blob = wrap_key(
            key,
            secret,
            salt=secrets.token_bytes(SALT_SIZE),
            nonce=secrets.token_bytes(NONCE_SIZE),
        )
        if unwrap_key(blob, secret) != key:
            raise KeyUnavailableError("A newly wrapped key does not open.", whole=True)
        wrapped[realm] = blob
        count.one_more()
    return wrapped


async def _replace(
    catalogue: Catalogue, before: list[WrappedKey], wrapped: Mapping[int, bytes]
) -> None:
    async with catalogue.transaction(durable=True) as tx:
        is_done = await keys.rewrap(tx, wrapped, before)
    if not is_done:
        raise UsenetSyncError("Another program added a key meanwhile. Try again.", whole=True)
    async with catalogue.transaction() as tx:
        after = {key.realm: key.wrapped for key in await keys.every_wrapped(tx)}
    if after != wrapped:
        raise KeyUnavailableError(
            "The catalogue does not give back the keys that were written. Keep both secrets, and "
            "see usenetsync key show.",
            whole=True,
        )


def _announce(settings: Settings, locations: Locations, pending: PendingChange) -> None:
    """Note where the new secret is, and the files that will be former ones."""
    former = [*read_note(locations.config_dir).former, *secrets_in_force(settings, locations)]
    kept = tuple(dict.fromkeys(path for path in former if path != pending.final))
    write_note(locations.config_dir, SecretNote(pending, kept))


def _is_in_use(pending: PendingChange, wrapped: Sequence[WrappedKey], ring: KeyRing) -> bool:
    """Whether the new secret wraps the keys: the transaction replaces all of them or none."""
    place = pending.path if pending.path.exists() else pending.final
    if place.exists():
        secret = secret_in(place, pending.kind)
        some = wrapped if pending.kind is SecretKind.KEY_FILE else wrapped[:_TRIED]
        return any(is_of(key.wrapped, secret) for key in some)
    for key in wrapped[:1]:
        ring.unwrap(key.wrapped)  # if the old secret does not open it, the new one is needed
    return False


def _forget(locations: Locations, pending: PendingChange, former: tuple[Path, ...]) -> None:
    if pending.path != pending.final:  # it wraps nothing, and only we know its name
        pending.path.unlink(missing_ok=True)
    write_note(locations.config_dir, SecretNote(None, former))


def _finish(locations: Locations, pending: PendingChange) -> tuple[Path, ...]:
    """Put the new secret where it belongs, keep the old one, remove the note. Repeatable."""
    settings = load_settings(locations.config_dir)
    former = [*read_note(locations.config_dir).former]
    final = pending.final
    if pending.path != final:
        if pending.path.exists():
            _keep_beside(final)
            os.replace(pending.path, final)
            _sync(final.parent)
        former += sorted(final.parent.glob(f"{glob.escape(final.name)}{_OLD}*"))
    use_in_settings(settings, locations, pending.kind, final)
    still = tuple(dict.fromkeys(p for p in former if p != final and p.exists()))
    write_note(locations.config_dir, SecretNote(None, still))
    return still


def _keep_beside(path: Path) -> None:
    """Copy a key file durably to `.old`; to another name if that is another key."""
    data = path.read_bytes()
    for number in itertools.count(1):
        old = path.with_name(f"{path.name}{_OLD}{'' if number == 1 else f'-{number}'}")
        if _is_kept(old, data):
            return


def _is_kept(old: Path, data: bytes) -> bool:
    """Whether the file now has these bytes; False if it has others."""
    try:
        write_whole(old, data, hand_over=lambda d: give_to_owner_of(d, old.parent))
    except FileExistsError:
        return old.read_bytes() == data
    except OSError as error:
        words = f"{shown(old)} cannot be written: {error.strerror}."
        raise SettingsError(words, whole=True) from error
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
