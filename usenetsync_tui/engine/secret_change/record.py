"""A note beside the settings: which change of the secret is under way, and where former ones are.

A catalogue and a settings file cannot change in one step. Before the catalogue changes, the note
says where the new secret is, so every program opens the keys with the old secret or with the new
one, whichever wraps them. Former secrets stay where they were; the note keeps uploads from
including them.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from usenetsync_tui.codec.key_wrapping import SecretKind
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.locations import make_private
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.ownership import give_to_owner_of
from usenetsync_tui.settings.sources import shown
from usenetsync_tui.whole_file import write_whole

NOTE_NAME = "secrets.json"


@value_object
class PendingChange:
    """A change of the secret that is not finished."""

    kind: SecretKind
    path: Path
    """The file of the new secret, as long as the change is under way."""
    final: Path
    """Where that file belongs; another path if it replaces the key file in use."""


@value_object
class SecretNote:
    """The contents of the note."""

    pending: PendingChange | None = None
    former: tuple[Path, ...] = ()
    """Files of secrets that were in use before; the user removes them."""


def read_note(config_dir: Path) -> SecretNote:
    """The note; an empty one if there is none. `SettingsError` when it cannot be read."""
    path = config_dir / NOTE_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return SecretNote()
    except OSError as error:
        raise SettingsError(f"{shown(path)} cannot be read: {error.strerror}.") from None
    try:
        return _from_json(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError(
            f"{shown(path)} is damaged. It says where the secret of a change is: name that file as "
            "key_file or passphrase_file in config.toml, then remove the damaged file."
        ) from None


def write_note(config_dir: Path, note: SecretNote) -> None:
    """Replace the note in one step, durably; an empty one has no file. `SettingsError`."""
    path = config_dir / NOTE_NAME
    try:
        if note == SecretNote():
            with suppress(FileNotFoundError):
                path.unlink()
            return
        make_private(config_dir)
        text = json.dumps(_to_json(note), indent=1) + "\n"
        write_whole(
            path,
            text.encode(),
            replace=True,
            hand_over=lambda descriptor: give_to_owner_of(descriptor, path.parent),
        )
    except OSError as error:
        words = f"{shown(path)} cannot be written: {error.strerror}."
        raise SettingsError(words, whole=True) from error


def _to_json(note: SecretNote) -> dict[str, Any]:
    made: dict[str, Any] = {"former": [str(path) for path in note.former]}
    if (pending := note.pending) is not None:
        made["pending"] = {
            "kind": pending.kind.name,
            "path": str(pending.path),
            "final": str(pending.final),
        }
    return made


def _from_json(made: dict[str, Any]) -> SecretNote:
    pending = made.get("pending")
    former = tuple(map(_absolute, made["former"]))
    if pending is None:
        return SecretNote(None, former)
    kind = SecretKind[pending["kind"]]
    return SecretNote(
        PendingChange(kind, _absolute(pending["path"]), _absolute(pending["final"])), former
    )


def _absolute(text: str) -> Path:
    if not os.path.isabs(text) or "\0" in text:
        raise ValueError(text)
    return Path(text)
