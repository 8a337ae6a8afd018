"""post: hand planned articles to the store, several at a time.

An article whose turn ends in an error the store's retries could not mend is `failed` for
this run and keeps the store's words; the next run sends it again under the same Message-ID.
One whose Message-ID is somebody else's is sent under a new one. A store that no article can
reach, or a database that is gone or full, ends the run instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.errors import ArticleCollisionError, StoreError
from usenetsync_tui.model.segments import Receipt
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle, leaving_size
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.streams import put


@dataclass(frozen=True, slots=True)
class Posted:
    """The store's answer: a receipt, or else its words."""

    posting: OutgoingArticle
    receipt: Receipt | None
    error: str | None = None
    payload: int = 0
    """Bytes that were posted; those themselves are given up."""
    charged: bool = True
    """An error counts as a try of the article."""


async def post(
    run: JobRun,
    ledger: Ledger,
    stage: Stage,
    worker: int,
    postings: MemoryObjectReceiveStream[OutgoingArticle],
    out: MemoryObjectSendStream[Posted],
) -> None:
    """One posting worker."""
    slot = stage.slot(worker)
    async with postings, out:
        async for posting in stage.team.items(worker, postings):
            await run.gate.passed()
            receipt = error = None
            charged = True
            with slot.working(posting.path, posting.article.message_id.hex()[:8]):
                try:
                    receipt = await _post(run, ledger, posting)
                except StoreError as refusal:
                    error, charged = str(refusal), refusal.charged
            stage.done += 1
            size = leaving_size(run.place, len(posting.article.payload))
            posting.article = replace(posting.article, payload=b"")
            await put(out, Posted(posting, receipt, error, size, charged))


async def _post(run: JobRun, ledger: Ledger, posting: OutgoingArticle) -> Receipt:
    """Post it, under a new name if need be."""
    try:
        return await _send(run, posting)
    except ArticleCollisionError:
        await ledger.rename(run, posting)
    return await _send(run, posting)


async def _send(run: JobRun, posting: OutgoingArticle) -> Receipt:
    """By the place as it is now: what an article says of itself may have been changed meanwhile."""
    place = run.place
    receipt = await place.store.post(posting.outgoing(place))
    return replace(receipt, headers=place.realm.headers or 0)
