"""verify: checks that every article of a folder is still there (and, with bodies, undamaged).

Other articles become `missing` in the ledger: `check.repair`, or the next upload, posts them again
from the source. An article without a clear answer is unknown: counted, and neither missing nor
verified. If a fetch could not get an article's body, STAT is not trusted for it until its bytes
have been fetched.
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
    """The result of a sweep, in articles; includes those already known to be missing."""

    checked: int = 0
    missing: int = 0
    damaged: int = 0
    unknown: int = 0
    """Articles without a clear answer, before or after posting again."""
    why_unknown: str = ""
    """A reason why there was no clear answer."""
    reposted: int = 0
    """Missing and damaged ones that were posted again from the folder, and then found."""
    lost: list[tuple[int, int]] = field(default_factory=list)
    """(version, missing articles) for each incomplete version."""


@dataclass(slots=True)
class _Findings:
    """What checking a batch of articles found, by Message-ID."""

    there: set[bytes] = field(default_factory=set)
    missing: set[bytes] = field(default_factory=set)
    """Articles that no server has."""
    bodies: Proof = field(default_factory=Proof)
    """Missing and damaged ones among the fetched articles."""
    unknown: dict[bytes, str] = field(default_factory=dict)

    @property
    def lost(self) -> dict[bytes, NoticeKind]:
        """The missing and damaged articles."""
        missing = dict.fromkeys(self.missing | self.bodies.missing, NoticeKind.MISSING)
        return missing | dict.fromkeys(self.bodies.damaged, NoticeKind.DAMAGED)


async def verify(run: JobRun, *, bodies: bool) -> Verified:
    """Sweep the ledger of the run's folder; `bodies` fetches and checks every payload."""
    run.progress.phase = "verify"
    found, after = Verified(), 0
    async with run.catalogue.transaction() as tx:  # known losses need not be checked again
        run.progress.total_bytes = await objects.posted_bytes(tx, run.folder.id)
        known, found.damaged = await checks.lost_articles(
            tx, run.folder.id, WORDS[NoticeKind.DAMAGED]
        )
    found.checked, found.missing = known, known - found.damaged
    run.progress.scanned = True
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await objects.page(tx, run.folder.id, after, _OBJECTS_A_PAGE)
        if not page:
            break
        after = page[-1][0]
        async for articles in _articles(run, [made for made, _, _ in page]):
            batch = await _check_batch(run, articles, bodies=bodies)
            await _record(run, {made: keys for made, *keys in page}, articles, batch)
            kinds = Counter(batch.lost.values())
            found.checked += len(articles)
            found.missing += kinds[NoticeKind.MISSING]
            found.damaged += kinds[NoticeKind.DAMAGED]
            found.unknown += len(batch.unknown)
            found.why_unknown = found.why_unknown or next(iter(batch.unknown.values()), "")
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


async def _check_batch(run: JobRun, articles: list[Segment], *, bodies: bool) -> _Findings:
    """Ask for each article once, and fetch it if bodies are wanted or needed."""
    batch = _Findings()
    for realm in {a.realm_id for a in articles}:
        open_realm = await run.realm_of(realm)
        named = {a.message_id: a for a in articles if a.realm_id == realm}
        fetched = {a.message_id for a in articles if a.realm_id == realm and a.by_body}
        asked = named.keys() - fetched
        found = await open_realm.store.present(asked)
        batch.missing |= asked - found.there - found.unknown.keys()
        if bodies:  # only the bytes are proof; fetching also resolves unclear answers
            fetched |= found.there | found.unknown.keys()
        batch.there |= found.there - fetched
        batch.unknown |= {name: words for name, words in found.unknown.items() if not bodies}
        proof = await prove(run, open_realm, [named[name] for name in fetched])
        batch.there |= proof.there
        batch.unknown |= proof.unknown
        batch.bodies.missing |= proof.missing
        batch.bodies.damaged |= proof.damaged
    return batch


async def _record(
    run: JobRun, keys: dict[int, list[bytes]], articles: list[Segment], batch: _Findings
) -> None:
    """Record the findings; a file that lost an article is reported once for each batch."""
    lost = batch.lost
    # A Usenet server takes each Message-ID once: posting again needs a new one.
    realms = {a.realm_id for a in articles if a.message_id in lost}
    opened = [await run.realm_of(realm) for realm in realms]
    on_usenet = {o.realm.id for o in opened if o.realm.store is StoreKind.USENET}
    once = {a.message_id for a in articles if a.realm_id in on_usenet}
    affected = {a.object_id: a for a in reversed(articles) if a.message_id in lost}
    notices = []
    async with run.catalogue.transaction() as tx:
        await segments.mark_verified(tx, [a for a in articles if a.message_id in batch.there])
        for kind, words in WORDS.items():
            names = {name for name, k in lost.items() if k is kind}
            by_body = names - batch.missing
            counts = await segments.mark_missing(tx, names - by_body, words)
            for some, rename in ((by_body - once, False), (by_body & once, True)):
                counts += await segments.mark_missing(tx, some, words, by_body=True, rename=rename)
            progressed = await objects.add_posted(tx, Counter({o: -n for o, n in counts.items()}))
            await snapshots.mark_incomplete(tx, [o.id for o in progressed])
        for made, article in affected.items():
            kind = lost[article.message_id]
            words = f"its article {article.message_id.hex()} is {WORDS[kind]}"
            members = await files.members(tx, run.folder.id, made, *keys[made])
            notices += [Notice(kind, path, words) for path in {m.entry.path for m in members}]
    await run.notice(*notices)
