"""verify: is every article of a folder still there (and, with bodies, still itself)?

Articles that are not become `missing` in the ledger: `check.mend`, or the next upload, posts
them again from the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from anyio import to_thread

from usenetsync_tui.catalogue import files, objects, segments, snapshots
from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.fetch import opened
from usenetsync_tui.pipeline.run import Run

_OBJECTS_A_PAGE = 100
_WORDS = {NoticeKind.MISSING: "not there", NoticeKind.DAMAGED: "damaged"}


@dataclass(slots=True)
class Verified:
    """What a sweep found, in articles."""

    checked: int = 0
    missing: int = 0
    damaged: int = 0
    reposted: int = 0
    """Of those, posted again from the folder, and there now."""
    lost: list[tuple[int, int]] = field(default_factory=list)
    """(version, articles it still lacks), for the versions that lack some."""


async def verify(run: Run, *, bodies: bool) -> Verified:
    """Sweep the ledger of the run's folder; `bodies` fetches and checks every payload."""
    run.progress.phase = "verify"
    found, after = Verified(), 0
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await objects.page(tx, run.folder.id, after, _OBJECTS_A_PAGE)
        if not page:
            break
        after = page[-1][0]
        async for articles in _articles(run, [made for made, _, _ in page]):
            lost = await _look(run, articles, bodies=bodies)
            await _record(run, {made: keys for made, *keys in page}, articles, lost)
            found.checked += len(articles)
            found.missing += sum(kind is NoticeKind.MISSING for kind in lost.values())
            found.damaged += sum(kind is NoticeKind.DAMAGED for kind in lost.values())
            run.progress.done_bytes += sum(a.size for a in articles)
    await run.catalogue.flush()
    return found


async def _articles(run: Run, page: list[int]) -> AsyncIterator[list[Segment]]:
    """The posted articles of some objects, a batch at a time."""
    after = (0, -1, 0)
    while True:
        await run.gate.passed()
        if run.draining:
            return
        async with run.catalogue.transaction() as tx:
            articles = await segments.posted(tx, page, after, run.limits.batch_size)
        if not articles:
            return
        yield articles
        last = articles[-1]
        after = last.object_id, last.index, last.redundancy


async def _look(run: Run, articles: list[Segment], *, bodies: bool) -> dict[bytes, NoticeKind]:
    """The Message-IDs that are not as they should be; each is looked at once."""
    named = {a.message_id: a for a in articles}
    there: set[bytes] = set()
    for realm in {a.realm_id for a in articles}:
        place = await run.place_of(realm)
        there |= await place.store.present({a.message_id for a in articles if a.realm_id == realm})
    lost = {name: NoticeKind.MISSING for name in named if name not in there}
    if bodies:
        for name in there:
            await run.gate.passed()
            kind = await _damage(run, named[name])
            if kind is not None:
                lost[name] = kind
    return lost


async def _damage(run: Run, article: Segment) -> NoticeKind | None:
    try:
        place = await run.place_of(article.realm_id)
        payload = await place.store.fetch(article.message_id)
        await to_thread.run_sync(opened, payload, article, place.key)
    except ArticleMissingError:
        return NoticeKind.MISSING
    except ArticleCorruptError:
        return NoticeKind.DAMAGED
    return None


async def _record(
    run: Run,
    keys: dict[int, list[bytes]],
    articles: list[Segment],
    lost: dict[bytes, NoticeKind],
) -> None:
    """Write down what was found; a file that lost an article is told once a batch."""
    # A server takes a Message-ID once: there, other bytes need another name.
    realms = {a.realm_id for a in articles if a.message_id in lost}
    places = [await run.place_of(realm) for realm in realms]
    on_usenet = {p.realm.id for p in places if p.realm.store is StoreKind.USENET}
    once = {a.message_id for a in articles if a.realm_id in on_usenet}
    affected = {a.object_id: a for a in reversed(articles) if a.message_id in lost}
    notices = []
    async with run.catalogue.transaction() as tx:
        await segments.mark_verified(tx, [a for a in articles if a.message_id not in lost])
        for kind, words in _WORDS.items():
            names = {name for name, k in lost.items() if k is kind}
            poisoned = names & once if kind is NoticeKind.DAMAGED else set()
            counts = await segments.mark_missing(tx, names - poisoned, words)
            counts += await segments.mark_missing(tx, poisoned, words, poisoned=True)
            progressed = await objects.add_posted(tx, Counter({o: -n for o, n in counts.items()}))
            await snapshots.doubt(tx, [o.id for o in progressed])
        for made, article in affected.items():
            kind = lost[article.message_id]
            words = f"article {article.message_id.hex()} of it is {_WORDS[kind]}"
            members = await files.members(tx, run.folder.id, made, *keys[made])
            notices += [Notice(kind, path, words) for path in {m.entry.path for m in members}]
    await run.notice(*notices)
