"""target_parts: which paths of a target a restore is about, and which of them must stay.

Knows the choices of the restore, the filters of the folder and our own files. Refuses to know what
the version has. What the folder's filters exclude, what the restore excludes, what is mounted in
the target and what is ours is never deleted. Blocking.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from usenetsync_tui.disk.mount_table import MountTable
from usenetsync_tui.disk.restored.overwriting import Overwriting
from usenetsync_tui.disk.restored.temporary_names import is_aside
from usenetsync_tui.disk.source.filters.part_filters import PartFilters
from usenetsync_tui.disk.source.filters.path_filter import PathFilter
from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.disk.source.scan import ScanBatch, walk
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.paths import lies_in

_NO_FILTERS = Filters()


class TargetParts:
    """The parts of one target."""

    def __init__(
        self,
        root: bytes,
        paths: Sequence[bytes],
        choices: RestoreChoices,
        *,
        filters: Filters = _NO_FILTERS,
        global_patterns: Sequence[bytes] = (),
        own: Collection[OwnPath] = (),
    ) -> None:
        """`paths`: relative, none below another; without one, everything. `UsageError`."""
        self.root = root
        self.choices = choices
        self._paths = tuple(paths)
        self._inside = frozenset(paths)
        self._filters = filters
        self._global_patterns = tuple(global_patterns)
        self._own = own
        self._excluded = PathFilter(choices.exclude)
        self.overwriting = Overwriting(choices.overwrite, self._may_clear)

    @property
    def excludes_any(self) -> bool:
        """Whether the restore excludes any path of the version."""
        return bool(self._excluded)

    def excludes(self, path: bytes) -> bool:
        """Whether the restore excludes a path of the version."""
        return self._excluded.excludes(path)

    def check(self) -> None:
        """Raise SourceError if the folder's filters cannot be read: then nothing may be deleted."""
        if self.choices.delete:
            self._part_filters(self._paths)

    def entries(self) -> Iterator[ScanBatch]:
        """What is in the parts and may be deleted, as the walk finds it; raises SourceError.

        Directories on the way to the parts are among them. Entries that gave way to others come
        last of their directory.
        """
        return self._walk(self._paths)

    def is_there(self) -> bool:
        """Whether there is a target."""
        return os.path.isdir(self.root)

    def is_inside(self, path: bytes) -> bool:
        """Whether a path is in the restored part."""
        return lies_in(path, self._inside)

    def is_ours(self, path: bytes) -> bool:
        """Whether a path is an entry that gave way, or below one."""
        stem = self.overwriting.stem
        return stem in path and any(is_aside(stem, name) for name in path.split(b"/"))

    def _may_clear(self, path: bytes) -> bool:
        """Whether what is at a path may be deleted, with all that is below it."""
        if not self.choices.delete or not self.is_inside(path):
            return False
        try:
            return not any(batch.excluded or batch.problems for batch in self._walk((path,)))
        except SourceError:
            return False

    def _walk(self, paths: Sequence[bytes]) -> Iterator[ScanBatch]:
        own = OwnFiles(os.path.realpath(self.root), self._own)
        return walk(self.root, own=own, filters=self._part_filters(paths))

    def _part_filters(self, paths: Sequence[bytes]) -> PartFilters:
        stem = self.overwriting.stem
        return PartFilters(
            self._filters,
            self._global_patterns,
            parts=paths,
            excluded=self._excluded,
            mounts=MountTable.read().below(os.path.realpath(self.root)),
            passes=lambda name: is_aside(stem, name),
        )
