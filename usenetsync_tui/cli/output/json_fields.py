"""The keys of each JSON event, all in this module; the README documents them.

The same thing has the same key in every event: `job` is a job's id, `folder` a folder's name,
`path` a path (bytes that are not UTF-8 as surrogate escapes), `version` a number. Counts are
numbers, sizes bytes, times seconds or ISO 8601; kinds and states are words. A value that is not
known, or does not apply, is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from usenetsync_tui.cli.output.keeping_fields import rules_fields
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.dry_runs import DryRunRow, DryRunTotals
from usenetsync_tui.model.entries import FileKind, Notice
from usenetsync_tui.model.folders import Folder, Snapshot, StoreKind
from usenetsync_tui.model.jobs import Job
from usenetsync_tui.model.lists.files import FileView
from usenetsync_tui.model.machine.findings import Finding
from usenetsync_tui.model.outcomes import Summary, Verified
from usenetsync_tui.model.recovery.recovery_words import newest_indexed
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.plans import Fate, PlannedPath, PlanTotals
from usenetsync_tui.model.servers.servers import Server, ServerStatus
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.tasks import TrialStep
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import KIND_WORDS
from usenetsync_tui.model.waiting import Waiting

if TYPE_CHECKING:
    from usenetsync_tui.catalogue.tables.version_files import VersionRow
    from usenetsync_tui.pipeline.index.find_root import FoundRoot

Fields = dict[str, Any]


def error_fields(error: UsenetSyncError, path: bytes | None = None) -> Fields:
    """The error that ended a verb, or that excluded one folder of several from an upload."""
    return {"kind": type(error).__name__, "message": str(error), "path": path}


def folder_fields(folder: Folder, versions: Sequence[Snapshot]) -> Fields:
    """A folder with the user's choices for it, and the versions that can be restored."""
    realm = folder.realm
    return {
        "id": folder.id,
        "name": folder.name,
        "path": folder.path,
        "store": realm.store,
        "profile": realm.profile,
        "digest": realm.digest,
        "compression": folder.compression,
        "copies": folder.copies,
        "priority": folder.priority,
        **_headers(folder),
        "own_files": folder.own_files,
        "ignore_inode": folder.ignore_inode,
        "unstable_inodes": folder.unstable_inodes,
        "string_seen": folder.string_seen,
        "filters": asdict(folder.filters),
        "keep": rules_fields(folder.keep.rules) if folder.keep.is_own else None,
        "versions": [s.version for s in versions],
    }


def would_fields(folder: str | None, row: DryRunRow) -> Fields:
    """What an upload would do to a path; `folder`: None for one that is new."""
    return {
        "folder": folder,
        "path": row.path,
        "change": row.change,
        "kind": KIND_WORDS[FileKind(row.kind)] if row.kind is not None else None,
        "bytes": row.size if row.kind is not None else None,
        "bytes_to_post": row.to_post,
        "rule": row.rule.text if row.rule is not None else None,
        "rule_place": row.rule.place if row.rule is not None else None,
    }


def dry_run_fields(
    folder: str | None, path: bytes, totals: DryRunTotals, refusal: Refusal | None
) -> Fields:
    """What an upload would do in all, and why it would be refused."""
    counts = asdict(totals)
    return {
        "folder": folder,
        "path": path,
        "bytes_to_post": counts.pop("to_post"),
        **counts,
        "refusal": asdict(refusal) if refusal is not None else None,
        "message": str(refusal) if refusal is not None else None,
    }


def would_restore_fields(folder: str, row: PlannedPath) -> Fields:
    """What a restore would do to a path, and why."""
    return {
        "folder": folder,
        "path": row.path,
        "fate": row.fate,
        "kind": KIND_WORDS[FileKind(row.kind)],
        "bytes": row.size,
        "reason": row.reason or None,
    }


def plan_fields(
    folder: str, version: int, target: bytes, choices: RestoreChoices, totals: PlanTotals
) -> Fields:
    """What a restore would do in all."""
    return {
        "folder": folder,
        "version": version,
        "target": target,
        "overwrite": choices.overwrite,
        "delete": choices.delete,
        "exclude": choices.exclude,
        "fates": {str(fate): asdict(totals.of(fate)) for fate in Fate},
        "problems": totals.problems,
    }


def _headers(folder: Folder) -> Fields:
    """The headers of a folder's articles; null for those that they do not have."""
    on_wire = folder.realm.store is StoreKind.USENET
    hidden = not folder.is_public or folder.realm.is_obfuscated
    return {
        "newsgroups": folder.realm.newsgroups if on_wire else None,
        "poster": None if hidden else folder.realm.sender,
        "obfuscated": folder.realm.is_obfuscated,
    }


def share_fields(folder: Folder, versions: Sequence[Snapshot], left: str) -> Fields:
    """What the recovery string of a folder brings back, and why it does not all."""
    newest = newest_indexed(versions)
    return {
        "folder": folder.name,
        "version": newest.version if newest is not None else None,
        "versions": [s.version for s in versions if s.indexed],
        "newest_version": versions[-1].version if versions else None,
        "message": left or None,
    }


def snapshot_fields(folder: str, snapshot: Snapshot) -> Fields:
    """A version of a folder."""
    return {
        "folder": folder,
        "version": snapshot.version,
        "state": snapshot.state,
        "began": snapshot.started_at,
        "ended": snapshot.finished_at,
        "files": snapshot.files,
        "directories": snapshot.directories,
        "symlinks": snapshot.symlinks,
        "bytes": snapshot.size,
        "added": snapshot.added,
        "modified": snapshot.modified,
        "removed": snapshot.removed,
        "posted_bytes": snapshot.stored_size,
        "errors": snapshot.errors,
        "indexed": snapshot.indexed,
        "protected": snapshot.protected,
        "tags": list(snapshot.tags),
    }


def file_fields(row: VersionRow, state: FileView) -> Fields:
    """A file, directory, symlink or special file of a version."""
    return {
        "path": row.path,
        "kind": KIND_WORDS[FileKind(row.kind)],
        "bytes": row.size,
        "file_bytes": row.file_size,
        "mode": f"{row.mode:04o}",
        "uid": row.uid,
        "gid": row.gid,
        "mtime_ns": row.mtime_ns,
        "link": row.link,
        "state": state,
        "articles": (row.segments or 0) * (row.copies or 0),
        "posted": row.posted or 0,
        **_digest(row.file_digest),
        "reason": row.reason,
    }


def _digest(digest: FileDigest | None) -> Fields:
    """The digest of a file, and its SHA-256 if that is what the digest is."""
    is_sha256 = digest is not None and digest.kind is DigestKind.SHA256
    return {
        "digest": None if digest is None else str(digest),
        "sha256": digest.value.hex() if digest is not None and is_sha256 else None,
    }


def job_fields(job: Job, folder: str) -> Fields:
    """A job as recorded in the catalogue."""
    return {
        "id": job.id,
        "verb": job.verb,
        "folder": folder,
        "state": job.state,
        "priority": job.priority,
        "version": job.version,
        "target": job.target,
        "paths": list(job.paths),
        "began": job.created_at,
        "started": job.started_at,
        "ended": job.finished_at,
        "worked": round(job.worked, 3),
        "files": job.done_files,
        "total_files": job.total_files,
        "bytes": job.done_bytes,
        "total_bytes": job.total_bytes,
        "posted_bytes": job.posted_bytes,
        "deduplicated_bytes": job.deduplicated_bytes,
        "errors": job.errors,
        "message": job.message or "",
        "refusal": job.refusal,
    }


def notice_fields(job: int | None, notice: Notice) -> Fields:
    """A reason that a job recorded, or that a listing is not complete."""
    return {
        "job": job,
        "kind": notice.kind,
        "path": notice.path,
        "reason": notice.reason,
        "is_error": notice.is_error,
    }


def progress_fields(job: JobStatus) -> Fields:
    """The payload of a progress event: current, total, file, phase, throughput, eta and more.

    `current` and `total` are source bytes, `throughput` bytes a second, `eta` seconds or null.
    """
    return {
        "job": job.id,
        "verb": job.verb,
        "folder": job.folder,
        "phase": job.phase,
        "current": job.done_bytes,
        "total": job.total_bytes,
        "file": job.current,
        "files": job.done_files,
        "total_files": job.total_files,
        "missed": job.missed_files,
        "scanned": job.scanned,
        "entries": job.entries,
        "throughput": round(job.bytes_per_second, 1),
        "files_per_second": round(job.files_per_second, 1),
        "eta": None if job.eta is None else round(job.eta, 1),
        "errors": job.errors,
        "waiting": None if job.waiting is None else safe_name(str(job.waiting)),
    }


def starting_fields(waiting: Waiting) -> Fields:
    """A progress event before there is a job: the same keys."""
    nothing = dict.fromkeys(("job", "verb", "folder", "eta"))
    bytes_and_files = ("current", "total", "files", "total_files", "missed", "entries", "errors")
    rates = dict.fromkeys(("throughput", "files_per_second"), 0.0)
    return {
        **nothing,
        **dict.fromkeys(bytes_and_files, 0),
        **rates,
        "phase": "starting",
        "file": "",
        "scanned": False,
        "waiting": safe_name(str(waiting)),
    }


def recovered_fields(found: FoundRoot, where: str) -> Fields:
    """What a recovery string leads to, and why a newer version is not used."""
    return {
        "folder": found.root.name,
        "path": found.root.path,
        "version": found.root.current.version,
        "where": where,
        "unreadable": [{"version": v, "reason": why} for v, why in found.unreadable.items()],
        "unsure": found.unsure or None,
    }


def summary_fields(summary: Summary) -> Fields:
    """The result of a job."""
    figures, snapshot = summary.figures, summary.snapshot
    return {
        "job": figures.id,
        "verb": figures.verb,
        "folder": summary.folder.name,
        "path": summary.folder.path,
        "state": summary.outcome.state,
        "version": summary.outcome.version or None,
        "message": summary.outcome.message,
        "refusal": summary.outcome.refusal,
        "snapshot": snapshot_fields(summary.folder.name, snapshot) if snapshot else None,
        "entries": figures.entries,
        "unchanged": figures.unchanged,
        "missed": figures.missed_files,
        "files": figures.done_files,
        "bytes": figures.done_bytes,
        "kept_bytes": figures.kept_bytes,
        "deleted": figures.deleted,
        "posted_bytes": figures.posted_bytes,
        "deduplicated_bytes": figures.deduplicated_bytes,
        "verified": figures.verified,
        "unverified": figures.unverified,
        "from_copies": figures.from_copies,
        "servers": [_server_work(server) for server in summary.servers],
        "errors": figures.errors,
        "notices": summary.notice_count,
        "elapsed": round(figures.elapsed, 3),
        **_headers(summary.folder),
    }


def _server_work(server: ServerStatus) -> Fields:
    return {
        "name": server.name,
        "host": server.host,
        "state": server.state,
        "message": server.message,
        "articles": server.articles,
        "bytes": server.bytes,
        "errors": server.errors,
    }


def finding_fields(finding: Finding) -> Fields:
    """A finding of `doctor`."""
    return {
        "check": finding.check,
        "grade": finding.grade,
        "detail": finding.detail,
        "advice": finding.advice,
    }


def verified_fields(found: Verified) -> Fields:
    """The result of a verify of a folder, in articles."""
    return {
        "checked": found.checked,
        "missing": found.missing,
        "damaged": found.damaged,
        "unknown": found.unknown,
        "why_unknown": found.why_unknown,
        "reposted": found.reposted,
        "sample": found.sample,
        "part": found.part + 1,
        "continued_from": found.continued_from and found.continued_from.isoformat(),
        "lost": [{"version": version, "articles": count} for version, count in found.lost],
    }


def server_fields(server: Server) -> Fields:
    """A server as configured; for each password only whether it is set."""
    return {k: bool(v) if "password" in k else v for k, v in asdict(server).items()}


def step_fields(server: str, step: TrialStep) -> Fields:
    """One step of a server's test; `ok` is null for a step that is not possible and not needed."""
    return {
        "server": server,
        "name": step.name,
        "ok": step.ok,
        "seconds": round(step.seconds, 4),
        "detail": step.detail,
    }
