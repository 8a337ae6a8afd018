"""What forgetting versions frees. Bytes are those of payloads, before sealing and padding."""

from __future__ import annotations

from datetime import datetime

from usenetsync_tui.model.value_object import value_object


@value_object
class VersionSpace:
    """A version, and what only it needs of all versions that there are now."""

    version: int
    started_at: datetime
    own_bytes: int
    """Bytes of the articles that no other version, folder or job needs."""


@value_object
class ForgetPreview:
    """What forgetting some versions of a folder would do; nothing is changed."""

    folder: str
    versions: tuple[VersionSpace, ...]
    """Ascending. Together they free more than the sum: some articles only two of them need."""
    freed_bytes: int
    """Bytes of the articles that would be deleted from the database (shards)."""
    unread_bytes: int
    """Bytes of the articles that would stay on Usenet, where nothing can be deleted."""
    repacked_bytes: int
    """Bytes of small files that only they need, in packs of the database that other files need:
    packs are written again, so nearly all of them are freed."""
    packed_bytes: int
    """The same in packs on Usenet, where they stay."""
    files: int
    """Rows of files that would be deleted from the catalogue."""


@value_object
class FreedSpace:
    """What a job that forgot versions has freed."""

    job_id: int
    folder: str
    began_at: datetime
    finished_at: datetime | None
    """None: it is not over."""
    versions: int
    files: int
    """Rows of files."""
    articles: int
    """Articles deleted from the database."""
    freed_bytes: int
    unread_bytes: int
    disk_before: int | None
    """Bytes of the database when the job began; None: not measured."""
    disk_after: int | None
    """The same at its end."""


@value_object
class FreedInAll:
    """What all jobs that forgot versions have freed."""

    freed_bytes: int = 0
    unread_bytes: int = 0
    latest: tuple[FreedSpace, ...] = ()
    """The latest jobs, newest first."""
    unknown: str = ""
    """Why it is not known; empty: it is."""
