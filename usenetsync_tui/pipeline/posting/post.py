"""post: hand planned articles to the store, several at a time.

If an error remains after the store's own retries, the article is `failed` for this run and keeps
the store's message; the next run sends it again under the same Message-ID. If the Message-ID
already names another article, it is sent under a new one. A store that no article can reach, or a
database that is gone or full, ends the run instead.
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
    """The store's answer: a receipt, or the store's error message."""

    posting: OutgoingArticle
    receipt: Receipt | None
    error: str | None = None
    payload: int = 0
    """How many bytes were posted; the bytes themselves are freed."""
    charged: bool = True
    """Whether the error counts as a try of the article."""


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
        async for posting in stage.stage_workers.items(worker, postings):
            await run.gate.passed()
            receipt = error = None
            charged = True
            with slot.working(posting.path, posting.article.message_id.hex()[:8]):
                try:
                    receipt = await _post(run, ledger, posting)
                except StoreError as refusal:
                    error, charged = str(refusal), refusal.charged
            stage.done += 1
            size = leaving_size(run.open_realm, len(posting.article.payload))
            posting.article = replace(posting.article, payload=b"")
            await put(out, Posted(posting, receipt, error, size, charged))


async def _post(run: JobRun, ledger: Ledger, posting: OutgoingArticle) -> Receipt:
    """Post it, under a new Message-ID if its own names another article."""
    try:
        return await _send(run, posting)
    except ArticleCollisionError:
        await ledger.rename(run, posting)
    return await _send(run, posting)


async def _send(run: JobRun, posting: OutgoingArticle) -> Receipt:
    """Use the run's realm as it is now: the user may have changed its headers meanwhile."""
    open_realm = run.open_realm
    receipt = await open_realm.store.post(posting.article_to_send(open_realm))
    return replace(receipt, headers=open_realm.realm.headers or 0)
