"""The paths of marked files, for a restore: a bounded number of them.

Knows selections and the `Browser` port. Refuses to know the list that the user marked them in.
"""

from __future__ import annotations

from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.lists.files import FileKey, FileQuery, FileSelection, all_in
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.restores.paths import MOST_PATHS

_PAGE = 1_000


async def marked_paths(browser: Browser, selection: FileSelection) -> tuple[bytes, ...] | None:
    """What to restore; empty: everything; None: more than `MOST_PATHS` paths.

    A directory that was marked itself means all in it; one inside a longer range means nothing, as
    its files are in the range. Raises what the `Browser` raises.
    """
    plain = not selection.filter and not selection.without
    if plain and selection.ranges is None:
        return ()
    found: list[bytes] = []
    for first, last in selection.ranges or (all_in(b""),):
        if plain and last in (first, all_in(first)[1]):
            found.append(first)
        elif not await _add_range(browser, selection, (first, last), found):
            return None
        if len(found) > MOST_PATHS:
            return None
    return tuple(found)


async def _add_range(
    browser: Browser, selection: FileSelection, ends: tuple[bytes, bytes], found: list[bytes]
) -> bool:
    """Add the files of a range; returns whether they are few enough."""
    query = FileQuery(selection.folder_id, selection.version, selection.filter)
    without, until = set(selection.without), path_key(ends[1])
    start = FileKey(ends[0])
    while True:
        rows = await browser.files(query, start, _PAGE)
        for row in rows:
            if path_key(row.path) > until:
                return True
            alone = row.kind != FileKind.DIRECTORY or ends[0] == ends[1]
            if alone and row.path not in without and row.path not in found[-1:]:
                found.append(row.path)
        if len(found) > MOST_PATHS:
            return False
        if len(rows) < _PAGE:
            return True
        start = FileKey(rows[-1].path)
