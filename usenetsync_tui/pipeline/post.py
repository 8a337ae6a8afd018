"""post: hand planned articles to the store, several at a time.

An article whose turn ends in an error the store's retries could not mend is `failed` for
this run and keeps the store's words; the next run sends it again under the same Message-ID.
A database that is gone or full ends the run instead: the ledger could not be written either.
"""

from __future__ import annotations

from dataclasses import dataclass

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.errors import StoreError
from usenetsync_tui.pipeline.plan import Posting
from usenetsync_tui.pipeline.run import Run, Stage


@dataclass(frozen=True, slots=True)
class Posted:
    """The store's answer: None is an acknowledgement, else its words."""

    posting: Posting
    error: str | None = None


async def post(
    run: Run,
    stage: Stage,
    worker: int,
    postings: MemoryObjectReceiveStream[Posting],
    out: MemoryObjectSendStream[Posted],
) -> None:
    """One posting worker."""
    slot = stage.slots[worker]
    async with postings, out:
        async for posting in postings:
            await run.gate.passed()
            error = None
            with slot.working(posting.path, posting.article.message_id.hex()[:8]):
                try:
                    await run.store.post(posting.article)
                except StoreError as refusal:
                    error = str(refusal)
            stage.done += 1
            await out.send(Posted(posting, error))
