"""judge: decides whether files that an upload does not find are really gone.

Combines the folder's recorded mount points (`catalogue.tables.source.mounts`), the file systems
that the walk saw (`disk.source.mount_watch`), the vanished files (`catalogue.tables.vanished`) and
the rules (`disk.source.guard`). Refuses to know how a folder is walked, or where its files go.
"""

from __future__ import annotations

from typing import Protocol

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import folders, snapshots, vanished, version_files
from usenetsync_tui.catalogue.tables.source import exclusions, mounts
from usenetsync_tui.catalogue.tables.vanished import VanishedPart
from usenetsync_tui.disk.source import guard
from usenetsync_tui.disk.source.guard import FOLDER, Loss
from usenetsync_tui.disk.source.mount_watch import MountWatch, SourceRoot, examine_root
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import Notice, NoticeKind, fitted
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.sources import FileSystem, Refusal, RefusalKind
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.run.job_run import JobRun


@value_object
class ComparedVersion:
    """The version that a folder is compared with."""

    version: int
    """The newest finished version; while there is none, the one under construction; 0: none."""
    files: int
    """How many files and symlinks it has."""
    is_empty: bool
    """Whether it contains nothing but the folder itself."""
    mounts: dict[bytes, FileSystem]
    used: set[bytes]
    """Mount points with anything below them."""

    @property
    def used_mounts(self) -> dict[bytes, FileSystem]:
        """The used mount points, with the file systems that were mounted there."""
        return {path: self.mounts[path] for path in self.used}


class ExaminedFolder(Protocol):
    """What an upload, or a dry run of one, says of its folder."""

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def folder(self) -> Folder: ...

    @property
    def allow_shrink(self) -> bool: ...


async def known(
    run: ExaminedFolder, before: Snapshot | None, building: int | None
) -> ComparedVersion:
    """The version to compare a folder with, before anything in the folder is read."""
    folder = run.folder.id
    async with run.catalogue.transaction() as tx:
        remembered = await mounts.of_folder(tx, folder)
        if before is not None:
            version, count = before.version, before.files + before.symlinks
            below = before.directories > 1
        else:
            version = building or 0
            count = await vanished.held(tx, VanishedPart(folder), version) if version else 0
            below = False
        used = await mounts.used(tx, folder, version, sorted(remembered.keys() - {FOLDER}))
    return ComparedVersion(version, count, not (count or below), remembered, used)


async def examine_source(run: ExaminedFolder, what: ComparedVersion) -> SourceRoot | Refusal:
    """Examine the folder before anything in it is read; returns a refusal if it fails the rules."""
    try:
        found = await to_thread.run_sync(examine_root, run.folder.path)
    except OSError as caught:
        reason = f"{safe_name(run.folder.path)}: {caught.strerror}"
        return Refusal(RefusalKind.GONE, what.version, what.files, what.files, reason)
    if run.allow_shrink or not what.version:
        return found
    before, now = what.mounts.get(FOLDER), found.file_system
    if before is not None and guard.is_another(before, now):
        detail = safe_name(f"then {before}, now {now}")
        return Refusal(RefusalKind.ANOTHER_FILE_SYSTEM, what.version, what.files, detail=detail)
    if found.is_empty and not what.is_empty:
        return Refusal(RefusalKind.EMPTY, what.version, what.files, what.files)
    return found


async def require_source(run: JobRun) -> None:
    """Make sure that articles can be made again from the folder; sets `run.away`.

    Raises SourceError when it is not the folder of the last version: its files would differ from
    those that were posted.
    """
    async with run.catalogue.transaction() as tx:
        before = await snapshots.latest_finished(tx, run.folder.id)
    what = await known(run, before, None)
    found = await examine_source(run, what)
    if isinstance(found, Refusal):
        raise SourceError(found.finding, whole=True)
    watch = MountWatch(run.folder.path, found, what.used_mounts)
    run.away = await to_thread.run_sync(watch.away)


class Judge:
    """Judges the source of one run of an upload."""

    def __init__(
        self, run: JobRun, what: ComparedVersion, root: SourceRoot, *, resumed: bool
    ) -> None:
        """`resumed`: the version under construction was begun by an earlier run."""
        self._run = run
        self._known = what
        self._root = root
        self.resumed = resumed
        self.watch = self._new_watch()
        self._guarded: dict[bytes, bool] = {}
        """Mount points whose files stay in the version, and whether they could be read at all."""

    async def begin_walk(self) -> None:
        """Start a walk: forget which files the last one did not find."""
        self.watch = self._new_watch()
        self._guarded.clear()
        async with self._run.catalogue.transaction() as tx:
            await vanished.clear(tx, self._run.folder.id)
            await exclusions.clear(tx, self._run.folder.id, self._run.version)

    def _new_watch(self) -> MountWatch:
        before = {} if self._run.allow_shrink else self._known.used_mounts
        return MountWatch(self._run.folder.path, self._root, before)

    async def not_entered(self, path: bytes) -> None:
        """The walk did not enter a mount point, and has reported why."""
        self._guarded[path] = False
        async with self._run.catalogue.transaction() as tx:
            await vanished.skip(tx, VanishedPart(self._run.folder.id, path))

    async def after_walk(self) -> None:
        """Judge the files that the walk did not find; if it refuses the folder, the run drains."""
        refusal = await self._is_there()
        if refusal is None and self._known.version and not self._run.allow_shrink:
            refusal = await self._judge()
        if refusal is not None:
            self._run.refusal = refusal
            self._run.drain()

    async def at_the_end(self) -> Refusal | None:
        """Check again that the folder is there, when all is read and nothing is removed yet."""
        return await self._is_there()

    async def remove(self, tx: Transaction) -> None:
        """Remove the files that are really gone from the version under construction."""
        folder, version = self._run.folder.id, self._run.version
        for path, was_read in self._guarded.items():
            part = VanishedPart(folder, path)
            if not was_read:
                await vanished.forget_unread(tx, part, version)
            await vanished.keep(tx, part, version)
        await vanished.remove(tx, folder, version)

    async def remember(self, tx: Transaction) -> None:
        """Record the mount points that the next upload is compared with."""
        found = guard.to_remember(self.watch.before, self.watch.found, self._guarded)
        await mounts.remember(tx, self._run.folder.id, found)
        await folders.stood(tx, self._run.folder.id, fitted(self._root.identity[1]))

    async def withdraw(self) -> None:
        """The folder is refused: remove no files, and drop the version if it has no changes."""
        folder, version = self._run.folder.id, self._run.version
        async with self._run.catalogue.transaction(durable=True) as tx:
            await vanished.clear(tx, folder)
            if not await version_files.has_changes(tx, folder, version):
                await snapshots.discard(tx, folder, version)

    async def _is_there(self) -> Refusal | None:
        """A refusal if the folder was replaced meanwhile; guards mount points that went missing."""
        if not await to_thread.run_sync(self.watch.is_same_folder):
            return Refusal(RefusalKind.REPLACED, self._known.version, self._known.files)
        try:
            missed = await to_thread.run_sync(self.watch.missed, guard.outermost(self._guarded))
        except OSError:  # gone between the two checks
            return Refusal(RefusalKind.REPLACED, self._known.version, self._known.files)
        for path in guard.outermost(missed):
            await self._guard(path, missed[path], was_read=False)
        return None

    async def _guard(self, path: bytes, reason: str, *, was_read: bool) -> None:
        self._guarded[path] = was_read
        self._run.progress.unwalked += 1
        await self._run.notice(Notice(NoticeKind.GUARDED, path, reason))

    async def _judge(self) -> Refusal | None:
        """Judge each mount point on its own, then the folder without the guarded ones."""
        folder, reasons = self._run.folder.id, dict[bytes, str]()
        async with self._run.catalogue.transaction() as tx:
            if not self.resumed and not await vanished.is_any(tx, folder):
                return None
            for path in sorted(self.watch.found.keys() - {FOLDER}):
                if not guard.is_below(path, {*self._guarded, *reasons}):
                    reasons[path] = await self._judge_mount(tx, path)
            reasons = {path: reason for path, reason in reasons.items() if reason}
            guarded = guard.outermost({*self._guarded, *reasons})
            others = self._mounts_in(FOLDER)
            own = await self._loss(tx, VanishedPart(folder, FOLDER, others))
            whole = own
            if others != guarded:
                whole = await self._loss(tx, VanishedPart(folder, FOLDER, guarded))
        for path, reason in reasons.items():
            await self._guard(path, reason, was_read=True)
        return guard.judge_folder(self._known.version, whole, own)

    async def _judge_mount(self, tx: Transaction, path: bytes) -> str:
        is_new = bool(self._known.mounts) and path not in self._known.mounts
        part = VanishedPart(self._run.folder.id, path, self._mounts_in(path))
        return guard.judge_mount(await self._loss(tx, part, is_new=is_new), is_new=is_new)

    def _mounts_in(self, path: bytes) -> list[bytes]:
        every = {*self.watch.found, *self._guarded} - {FOLDER, path}
        return guard.outermost([other for other in every if other.startswith(path)])

    async def _loss(self, tx: Transaction, part: VanishedPart, *, is_new: bool = False) -> Loss:
        """How much of a part is gone; counts only if the result can matter."""
        version = self._known.version
        building = self._run.version if self.resumed and version != self._run.version else None
        missing = await vanished.missing(tx, part, version, building)
        left = not missing or await vanished.is_any_left(tx, part)
        if not missing or (left and not is_new and 2 * missing <= guard.MANY):
            return Loss(0, 0, left=True)
        return Loss(await vanished.held(tx, part, version), missing, left=left)
