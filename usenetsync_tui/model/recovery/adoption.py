"""A folder that was adopted by its recovery string, as the report shows it."""

from __future__ import annotations

from datetime import datetime

from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.value_object import value_object

UNKNOWN_FILTERS = (
    "Its index does not say what its versions exclude, so the next upload takes all in: set its "
    "filters first"
)


@value_object
class AdoptedFolder:
    """What was adopted, and what may be newer than that."""

    name: str
    path: bytes
    where: str
    """Where its index is, in words."""
    versions: tuple[int, ...]
    """Ascending."""
    newest: int
    finished_at: datetime
    """When the newest version was finished, in UTC."""
    files: int
    """Of the newest version."""
    size: int
    """Bytes of the newest version."""
    before: int = 0
    """The version up to which the folder was here before; 0: it was not."""
    left_out: tuple[int, ...] = ()
    """Versions that the newest root lists, and whose index cannot be read any more."""
    unreadable: tuple[int, ...] = ()
    """Newer versions whose roots cannot be read."""
    filters: Filters | None = None
    """What its versions leave out, now here, too; None: its index does not say."""
    unsure: str = ""
    """The words of a server that did not say whether it has a newer version."""
