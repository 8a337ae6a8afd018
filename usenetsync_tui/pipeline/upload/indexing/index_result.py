"""index_result: how far the index has come, for the tasks that follow it.

Knows keys and counts. Refuses to know how the index finds them (`index`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from usenetsync_tui.pipeline.upload.indexing.spool import Spool


@dataclass(slots=True)
class IndexResult:
    """What the index found; sets `news` when there is something to read, and at the end.

    A file that an earlier run left pending may have changed or gone: the catalogue is right only
    for keys before `reached`.
    """

    reached: bytes = b""
    finished: bool = False
    spool: Spool = field(default_factory=Spool)
    """New files up to some key below `reached`, so that nobody has to ask the catalogue."""
    news: anyio.Event = field(default_factory=anyio.Event)

    def notify(self) -> None:
        """Wake the tasks that wait for more pending files."""
        self.news.set()
        self.news = anyio.Event()
