"""What the versions of folders say together: where a file is, how it changed, what versions cost.

Sizes are bytes of the source unless a field says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.filters import Rule
from usenetsync_tui.model.lists.files import FileFilter
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.changes import Change, ChangeKind


@value_object
class FindQuery:
    """Files to find in every folder and version, or in some of them."""

    filter: FileFilter
    """Its `view` has no meaning here."""
    folder_id: int | None = None
    version: int | None = None
    """Only paths of this version; None: of any finished version."""


class FindKey(NamedTuple):
    """The position of a row in what was found; the rows after it follow it."""

    folder_id: int
    last_version: int | None
    """None: among the paths that the newest version has; else among those that are gone."""
    path: bytes


@value_object
class FoundFile:
    """A path of a folder, as the newest version that has it describes it."""

    folder_id: int
    folder: str
    path: bytes
    kind: FileKind
    size: int
    mtime_ns: int
    versions: tuple[tuple[int, int], ...]
    """First and last version of each run of finished versions that have it, ascending."""
    states: int
    """How many different states of it these versions have."""
    is_gone: bool
    """Whether the newest finished version does not have it."""
    key: FindKey

    @property
    def first(self) -> int:
        """The first version that has it."""
        return self.versions[0][0]

    @property
    def last(self) -> int:
        """The last version that has it."""
        return self.versions[-1][1]


@value_object
class PastState:
    """A version in which one path changed; where it is gone, `kind`, `size` and so on are None."""

    version: int
    finished_at: datetime | None
    change: Change
    kinds: tuple[ChangeKind, ...]
    """In what a modified path differs from the version before."""
    path: bytes
    """With a slash at its end while it is a directory."""
    kind: FileKind | None
    size: int | None
    mtime_ns: int | None
    mode: int | None
    last_version: int | None
    """The last finished version that has this state."""
    reason: str | None
    """Why the version lacks its content; None: it has it, or there is none."""
    rule: Rule | None = None
    """What leaves it out, if it is excluded."""

    @property
    def is_gone(self) -> bool:
        """Whether this version does not have the path; the one before it does."""
        return self.change in (Change.REMOVED, Change.EXCLUDED)


@value_object
class VersionCost:
    """What one finished version has and what it cost."""

    version: int
    finished_at: datetime | None
    files: int
    size: int
    changed_files: int
    """Files that it added or modified."""
    changed_bytes: int
    """Bytes of these files."""
    posted_bytes: int
    """Payload bytes that its upload posted: after deduplication and compression."""


@value_object
class StoredBytes:
    """What a folder has in its store, over all versions; of all folders, shared articles once.

    Bytes of payloads are those before sealing and padding.
    """

    unique: int = 0
    """Source bytes of its segments, those that share an article once."""
    compressed: int = 0
    """Bytes of the payloads of one copy of each."""
    posted: int = 0
    """Bytes of the payloads of all copies that the store has."""
    index: int = 0
    """Bytes of the payloads of its index that the store has."""


def version_runs(runs: Iterable[tuple[int, int]]) -> str:
    """Runs of versions in words: ``1–3, 5``."""
    return ", ".join(f"{first}–{last}" if last > first else f"{first}" for first, last in runs)
