"""Whether the catalogue is consistent: its counts, and its references between tables.

Knows which sums hold in every committed state, during an upload as well as after a kill.
Refuses to know how to repair one: a wrong sum is a bug of this program, or damage.
"""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.value_object import value_object

_SQL = load(__package__, "sums.sql")

SUMS = {
    "objects_posted": "objects with a wrong count of posted articles",
    "objects_complete": "objects wrongly marked complete or incomplete",
    "objects_segments": "complete objects with missing or surplus segments",
    "objects_left": "incomplete objects that no file uses",
    "segments_left": "segments of objects that do not exist",
    "files_lost": "files whose object does not exist",
    "files_unplaced": "files marked as read, without object or digest",
    "files_twice": "paths listed twice in one version",
    "versions_counts": "versions whose file counts or sizes are wrong",
    "versions_whole": "versions marked complete with incomplete files",
    "names_of_segments": "equal segments with different Message-IDs",
    "contents_of_names": "Message-IDs used for two different articles",
    "shards_missing": "articles marked as stored that are not in the database",
    "shards_left": "articles in the database that nothing refers to",
}
"""Each query of `sums.sql`, and what it counts, in words for the user."""


@value_object
class WrongSum:
    """A count that should be 0."""

    name: str
    """What is wrong, in words for the user: "files whose object does not exist"."""

    count: int
    """At least 1."""


async def wrong_sums(tx: Transaction) -> list[WrongSum]:
    """All wrong sums; empty when the catalogue is consistent.

    Changes nothing. Reads every row of the large tables, so its time grows with the catalogue.
    Each sum is one query and sees one moment, whatever an engine commits meanwhile.
    """
    counts = {name: (await tx.one(_SQL[name]))[0] for name in SUMS}
    return [WrongSum(SUMS[name], count) for name, count in counts.items() if count]
