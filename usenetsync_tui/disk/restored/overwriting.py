"""Which entries of the target a restore may replace, and how one of another kind gives way.

A directory in the way of a file, or a file in the way of a directory, is renamed, so that nothing
is lost until the restore ends: then it is deleted with what else the version does not have. Refuses
to know what the version has. Thread-safe.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from usenetsync_tui.disk.restored.names import STEM
from usenetsync_tui.disk.restored.system_calls import UNSUPPORTED, is_there, rename_new
from usenetsync_tui.disk.restored.temporary_names import aside_name
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.restores.choices import Overwrite

_TRIES = 1_000
CAME_IN = "another program has changed it meanwhile"


def nothing_gives_way(path: bytes) -> bool:
    """For a restore that deletes nothing."""
    return False


class Overwriting:
    """The rule of one restore."""

    def __init__(
        self,
        overwrite: Overwrite = Overwrite.ALWAYS,
        may_clear: Callable[[bytes], bool] = nothing_gives_way,
    ) -> None:
        """`may_clear`: whether an entry of another kind at a path may be deleted; may block."""
        self.overwrite = overwrite
        self.stem = STEM
        self._may_clear = may_clear

    def spares(self, status: os.stat_result, mtime_ns: int, *, agrees: bool) -> bool:
        """Whether an existing entry, not a directory, stays without a look at its content.

        `agrees`: it is a file of the right size with all its attributes.
        """
        match self.overwrite:
            case Overwrite.ALWAYS:
                return False
            case Overwrite.IF_CHANGED:
                return agrees
            case Overwrite.IF_NEWER:
                return status.st_mtime_ns >= mtime_ns
            case Overwrite.NEVER:
                return True

    def refuse_news(self, now: os.stat_result, wanted: os.stat_result) -> None:
        """TargetFileError when an entry that was to be replaced is one that must stay by now."""
        is_news = self.overwrite is Overwrite.NEVER
        if self.overwrite is Overwrite.IF_NEWER:
            is_news = now.st_mtime_ns > wanted.st_mtime_ns
        if is_news:
            raise TargetFileError(CAME_IN)

    def gives_way(self, path: bytes) -> bool:
        """Whether an entry of another kind may be moved out of the way. May block."""
        return self.overwrite.clears and self._may_clear(path)

    def clear(self, directory: int, path: bytes, name: bytes) -> bool:
        """Move an entry out of the way; False if it must stay. Raises OSError.

        `path`: of the entry, `name`: in the open directory.
        """
        if not self.gives_way(path):
            return False
        for number in range(_TRIES):
            aside = aside_name(self.stem, path, number)
            try:
                rename_new(directory, name, aside)
            except FileExistsError:
                continue  # of an earlier run
            except OSError as caught:
                if caught.errno not in UNSUPPORTED:
                    raise
                if is_there(directory, aside):
                    continue
                os.rename(name, aside, src_dir_fd=directory, dst_dir_fd=directory)
            return True
        return False
