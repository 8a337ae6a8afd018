"""verify: is every article of a folder still there (and, with bodies, still itself)?

Articles that are not become `missing` in the ledger: `check.mend`, or the next upload, posts
them again from the source. What no server gives a clear answer of is unknown: counted, and
neither missing nor verified. What a body fetch could not get is not looked for by STAT again
before its bytes came back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.tables import checks, files, objects, segments, snapshots
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run.fetch import WORDS
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.prove import Proof, prove

_OBJECTS_A_PAGE = 100


@dataclass(slots=True)
class Verified:
    """What a sweep found, in articles; those that were missed before are among them."""

    checked: int = 0
    missing: int = 0
    damaged: int = 0
    unknown: int = 0
    """Nobody says clearly whether they are there, or are there again."""
    why_unknown: str = ""
    """The words of one who gave no clear answer."""
    reposted: int = 0
    """Of the missing and damaged, posted again from the folder, and seen again since."""
    lost: list[tuple[int, int]] = field(default_factory=list)
    """(version, articles it still lacks), for the versions that lack some."""


@dataclass(slots=True)
class _Sight:
    """What a batch of articles looks like."""

    there: set[bytes] = field(default_factory=set)
    missing: set[bytes] = field(default_factory=set)
    """All servers say no."""
    bodies: Proof = field(default_factory=Proof)
    """Of those that were fetched."""
    unknown: dict[bytes, str] = field(default_factory=dict)

    @property
    def lost(self) -> dict[bytes, NoticeKind]:
        """The articles that are not as they should be."""
        missing = dict.fromkeys(self.missing | self.bodies.missing, NoticeKind.MISSING)
        return missing | dict.fromkeys(self.bodies.damaged, NoticeKind.DAMAGED)


async def verify(run: JobRun, *, bodies: bool) -> Verified:
    """Sweep the ledger of the run's folder; `bodies` fetches and checks every payload."""
    run.progress.phase = "verify"
    found, after = Verified(), 0
    async with run.catalogue.transaction() as tx:  # nobody need ask for those again
        run.progress.total_bytes = await objects.posted_bytes(tx, run.folder.id)
        known, found.damaged = await checks.gone(tx, run.folder.id, WORDS[NoticeKind.DAMAGED])
    found.checked, found.missing = known, known - found.damaged
    run.progress.scanned = True
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await objects.page(tx, run.folder.id, after, _OBJECTS_A_PAGE)
        if not page:
            break
        after = page[-1][0]
        async for articles in _articles(run, [made for made, _, _ in page]):
            sight = await _look(run, articles, bodies=bodies)
            await _record(run, {made: keys for made, *keys in page}, articles, sight)
            kinds = Counter(sight.lost.values())
            found.checked += len(articles)
            found.missing += kinds[NoticeKind.MISSING]
            found.damaged += kinds[NoticeKind.DAMAGED]
            found.unknown += len(sight.unknown)
            found.why_unknown = found.why_unknown or next(iter(sight.unknown.values()), "")
            run.progress.done_bytes += sum(a.size for a in articles)
    await run.catalogue.flush()
    return found


async def _articles(run: JobRun, page: list[int]) -> AsyncIterator[list[Segment]]:
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


async def _look(run: JobRun, articles: list[Segment], *, bodies: bool) -> _Sight:
    """Each article looked at once: asked for, and fetched where bodies are wanted or needed."""
    sight = _Sight()
    for realm in {a.realm_id for a in articles}:
        place = await run.place_of(realm)
        named = {a.message_id: a for a in articles if a.realm_id == realm}
        fetched = {a.message_id for a in articles if a.realm_id == realm and a.by_body}
        asked = named.keys() - fetched
        found = await place.store.present(asked)
        sight.missing |= asked - found.there - found.unknown.keys()
        if bodies:  # only bytes prove bytes, and they prove what nobody says
            fetched |= found.there | found.unknown.keys()
        sight.there |= found.there - fetched
        sight.unknown |= {name: words for name, words in found.unknown.items() if not bodies}
        proof = await prove(run, place, [named[name] for name in fetched])
        sight.there |= proof.there
        sight.unknown |= proof.unknown
        sight.bodies.missing |= proof.missing
        sight.bodies.damaged |= proof.damaged
    return sight


async def _record(
    run: JobRun, keys: dict[int, list[bytes]], articles: list[Segment], sight: _Sight
) -> None:
    """Write down what was found; a file that lost an article is reported once a batch."""
    lost = sight.lost
    # A server takes a Message-ID once: there, other bytes need another name.
    realms = {a.realm_id for a in articles if a.message_id in lost}
    places = [await run.place_of(realm) for realm in realms]
    on_usenet = {p.realm.id for p in places if p.realm.store is StoreKind.USENET}
    once = {a.message_id for a in articles if a.realm_id in on_usenet}
    affected = {a.object_id: a for a in reversed(articles) if a.message_id in lost}
    notices = []
    async with run.catalogue.transaction() as tx:
        await segments.mark_verified(tx, [a for a in articles if a.message_id in sight.there])
        for kind, words in WORDS.items():
            names = {name for name, k in lost.items() if k is kind}
            doubted = names - sight.missing
            counts = await segments.mark_missing(tx, names - doubted, words)
            for some, rename in ((doubted - once, False), (doubted & once, True)):
                counts += await segments.mark_missing(tx, some, words, by_body=True, rename=rename)
            progressed = await objects.add_posted(tx, Counter({o: -n for o, n in counts.items()}))
            await snapshots.doubt(tx, [o.id for o in progressed])
        for made, article in affected.items():
            kind = lost[article.message_id]
            words = f"article {article.message_id.hex()} of it is {WORDS[kind]}"
            members = await files.members(tx, run.folder.id, made, *keys[made])
            notices += [Notice(kind, path, words) for path in {m.entry.path for m in members}]
    await run.notice(*notices)
