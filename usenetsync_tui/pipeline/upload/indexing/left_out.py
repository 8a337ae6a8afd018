"""Rows of the catalogue that the filters leave out now, on their way to being removed.

Knows which path of the walk stands for a row, and by which rule. Refuses to know filters.
"""

from __future__ import annotations

from collections.abc import Iterable

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import vanished
from usenetsync_tui.catalogue.tables.source import exclusions
from usenetsync_tui.model.filters import Excluded
from usenetsync_tui.pipeline.upload.indexing.kept import PathsAhead


class LeftOut:
    """What the walk left out, and the rows below it that are not recorded yet."""

    def __init__(self) -> None:
        self._paths: PathsAhead[Excluded] = PathsAhead()
        self._keys: list[bytes] = []
        self._reasons: dict[bytes, Excluded] = {}
        """By path; those that stand for a row of `_keys`."""

    def add(self, excluded: Iterable[Excluded]) -> None:
        """Add what a batch of the walk left out."""
        self._paths.put((each.path, each) for each in excluded)

    def takes(self, path: bytes, key: bytes) -> bool:
        """Take the row of a path that the walk did not find, if it was left out."""
        above = self._paths.covering(path)
        if above is None:
            return False
        self._reasons[above] = self._paths.value(above)
        self._keys.append(key)
        return True

    def pass_by(self, key: bytes | None) -> None:
        """Forget paths whose rows all come before a key; None: there are no more rows."""
        self._paths.pass_by(key)

    def __len__(self) -> int:
        """How many rows are to be recorded."""
        return len(self._keys)

    @property
    def keys(self) -> list[bytes]:
        """The keys of these rows."""
        return self._keys

    async def record(self, tx: Transaction, folder: int, version: int) -> None:
        """Record them as vanished, with the reasons."""
        await vanished.add(tx, folder, self._keys, excluded=True)
        await exclusions.add(tx, folder, version, self._reasons.values())
        self._keys, self._reasons = [], {}
