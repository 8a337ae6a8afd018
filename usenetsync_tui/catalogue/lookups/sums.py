"""Whether the catalogue agrees with itself: what is counted, and what refers to what.

Knows which sums hold in every committed state, while an upload runs as well as after a kill.
Refuses to know how one is put right: a wrong sum is a fault of this program, or damage.
"""

from __future__ import annotations

from dataclasses import dataclass

from usenetsync_tui.catalogue.session import Transaction, load

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
"""Each query of `sums.sql`, and what it counts, in the user's words."""


@dataclass(frozen=True, slots=True)
class WrongSum:
    """Something of which the catalogue should have none."""

    name: str
    """What is wrong, in the user's words, in the plural: "files whose object does not exist"."""

    count: int
    """How many there are; at least 1."""


async def wrong_sums(tx: Transaction) -> list[WrongSum]:
    """All that disagrees; empty when the catalogue is sound.

    Changes nothing. Reads every row of the large tables, so it takes as long as the catalogue is
    large.
    Each sum is one query, true of one moment, whatever an engine commits meanwhile.
    """
    counts = {name: (await tx.one(_SQL[name]))[0] for name in SUMS}
    return [WrongSum(SUMS[name], count) for name, count in counts.items() if count]
