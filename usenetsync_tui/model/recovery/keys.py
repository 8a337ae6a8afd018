"""The secret that wraps the keys of folders, as reports show it: never the secret itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object


@value_object
class SecretReport:
    """Where the secret is."""

    kind: str
    """``key file`` or ``passphrase``."""
    path: Path | None
    """Its file; None for a passphrase in the settings or a variable."""
    where: str
    """The key of the settings, or the variable, that names it."""
    fingerprint: str
    """In hexadecimal; empty for a passphrase, which it would help to guess."""
    mode: int | None
    """The rights of the file; None if there is no file."""
    problem: str
    """Why the file cannot be used; empty if it can."""
    former: tuple[Path, ...] = ()
    """Files of former secrets that still exist."""
    pending: Path | None = None
    """The file of the new secret, if a change was interrupted."""


@value_object
class FolderKey:
    """One wrapped key of a folder."""

    folder: str
    path: bytes
    purpose: str
    """``files``, ``index``, or ``earlier versions``."""
    wrapped_by: str
    """``key file`` or ``passphrase``; empty if the wrapped key is damaged."""
    fingerprint: str
    """That of the key file it needs; empty where it does not tell."""
    problem: str
    """Why it does not open; empty if it does."""


@value_object
class ChangedSecret:
    """What a change of the secret did."""

    keys: int
    kind: str
    """``key file`` or ``passphrase``."""
    path: bytes
    """The file of the new secret."""
    made: bool
    """Whether the key file is new."""
    former: tuple[bytes, ...]
    """The files of all former secrets that still exist."""
    notes: tuple[str, ...]
    """Sentences about what the user has to do."""

    @property
    def lines(self) -> list[str]:
        """The same in words, a line each."""
        new, path = "new " if self.made else "", safe_name(self.path)
        found = [f"The {new}{self.kind} in {path} opens {plural(self.keys, 'key')}."]
        if self.former:
            names = ", ".join(map(safe_name, self.former))
            found.append(
                f"Former: {names}. Database backups from before need it. Remove it when you need "
                "none of them."
            )
        return [*found, *self.notes, f"Keep a copy of {path} elsewhere."]


def fingerprint_words(fingerprint: str) -> str:
    """A fingerprint in groups of four."""
    return " ".join(fingerprint[i : i + 4] for i in range(0, len(fingerprint), 4))


def report_lines(report: SecretReport) -> list[tuple[str, str]]:
    """The head and text of each line about the secret."""
    path = "" if report.path is None else safe_name(os.fsencode(report.path))
    place = path or report.where
    lines = [(report.kind.capitalize(), place if not path else f"{path} ({report.where})")]
    if report.kind == "passphrase":
        lines.append(("Fingerprint", "none: it would help to guess the passphrase"))
    elif report.fingerprint:
        lines.append(("Fingerprint", fingerprint_words(report.fingerprint)))
    if report.mode is not None:
        closed = report.mode & 0o077 == 0
        words = "only its owner can read it" if closed else f"others have access: chmod 600 {path}"
        lines.append(("Rights", f"{report.mode:04o}, {words}"))
    if report.problem:
        lines.append(("Problem", safe_name(report.problem)))
    if report.pending is not None:
        name = safe_name(os.fsencode(report.pending))
        lines.append(("Interrupted", f"a change to {name}; the next upload or change settles it"))
    lines += [("Former", safe_name(os.fsencode(former))) for former in report.former]
    return lines


def verdict(found: Sequence[FolderKey]) -> str:
    """One sentence about all keys."""
    closed = sum(1 for key in found if key.problem)
    if not found:
        return "No folder has a key yet."
    if not closed:
        return f"It opens {plural(len(found), 'key')}. Keep a copy of it elsewhere."
    return (
        f"{plural(closed, 'key')} of {len(found)} do not open."
        if closed > 1
        else (f"1 key of {len(found)} does not open.")
    )
