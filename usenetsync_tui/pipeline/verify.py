"""verify: is every article of a folder still there (and, with bodies, still itself)?

Articles that are not become `missing` in the ledger; the next upload posts them again from
the source, under their own Message-IDs.
"""

from __future__ import annotations

from dataclasses import dataclass

from anyio import to_thread

from usenetsync_tui.catalogue import objects, segments
from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.fetch import opened
from usenetsync_tui.pipeline.run import Run

_OBJECTS_A_PAGE = 100


@dataclass(slots=True)
class Verified:
    """What a sweep found, in articles."""

    checked: int = 0
    missing: int = 0
    damaged: int = 0


async def verify(run: Run, *, bodies: bool) -> Verified:
    """Sweep the ledger of the run's folder; `bodies` fetches and checks every payload."""
    run.progress.phase = "verify"
    found, after = Verified(), 0
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await objects.page(tx, run.folder.id, after, _OBJECTS_A_PAGE)
            articles = await segments.of_objects(tx, page) if page else []
        if not page:
            break
        after = page[-1]
        there = await run.store.present({a.message_id for a in articles}) if articles else set()
        missing = [a for a in articles if a.message_id not in there]
        damaged = []
        if bodies:
            damaged = [a for a in articles if a.message_id in there and await _damaged(run, a)]
        await _record(run, articles, missing, damaged)
        found.checked += len(articles)
        found.missing += len(missing)
        found.damaged += len(damaged)
        run.progress.done_bytes += sum(a.size for a in articles)
    await run.catalogue.flush()
    return found


async def _damaged(run: Run, article: Segment) -> bool:
    try:
        payload = await run.store.fetch(article.message_id)
        await to_thread.run_sync(opened, payload, article)
    except (ArticleCorruptError, ArticleMissingError):
        return True
    return False


async def _record(
    run: Run, articles: list[Segment], missing: list[Segment], damaged: list[Segment]
) -> None:
    lost = {a.message_id for a in (*missing, *damaged)}
    async with run.catalogue.transaction() as tx:
        await segments.mark_verified(
            tx, {a.message_id for a in articles if a.message_id not in lost}
        )
        for some, words in ((missing, "not there"), (damaged, "damaged")):
            counts = await segments.mark_missing(tx, {a.message_id for a in some}, words)
            counts = type(counts)({o: -n for o, n in counts.items()})
            await objects.add_posted(tx, counts)
    await run.notice(
        *(_notice(a, NoticeKind.MISSING, "its article is not there") for a in missing),
        *(_notice(a, NoticeKind.DAMAGED, "its article is damaged") for a in damaged),
    )


def _notice(article: Segment, kind: NoticeKind, words: str) -> Notice:
    name = f"object {article.object_id} segment {article.index + 1}"
    return Notice(kind, name.encode(), f"{words} ({article.message_id.hex()})")
