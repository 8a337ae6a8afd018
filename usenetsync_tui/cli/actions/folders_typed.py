"""The folders after `upload` or `tui`: those that can be uploaded, and the others."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from usenetsync_tui.environment import real_path
from usenetsync_tui.errors import SourceError, SourceGoneError, UsenetSyncError
from usenetsync_tui.model.text.safe_name import safe_name


class RefusedFolder(NamedTuple):
    """A folder that cannot be uploaded."""

    path: bytes
    error: UsenetSyncError


def folder_path(path: Path) -> bytes:
    """The absolute path of a folder. `SourceError` when it is not a folder.

    `UsageError` for a relative path if there is no current folder.
    """
    found = real_path(os.fsencode(path))
    if not os.path.lexists(found):
        raise SourceGoneError(f"({safe_name(os.fsencode(path))})")
    if not os.path.isdir(found):
        raise SourceError(f"{safe_name(os.fsencode(path))} is not a folder.", whole=True)
    return found


def sorted_out(paths: Iterable[Path]) -> tuple[list[bytes], list[RefusedFolder]]:
    """The folders that can be uploaded, each once, and those that cannot."""
    kept: dict[bytes, None] = {}
    refused = []
    for path in paths:
        try:
            kept[folder_path(path)] = None
        except UsenetSyncError as error:
            refused.append(RefusedFolder(os.fsencode(path), error))
    return list(kept), refused
