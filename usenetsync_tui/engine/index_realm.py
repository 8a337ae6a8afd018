"""Gives each folder a secret and a realm for its index, and posts the index after an upload."""

from __future__ import annotations

from dataclasses import replace

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import KeyUnavailableError, UsageError
from usenetsync_tui.model.folders import Realm
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.pipeline.index.post_index import post_index
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.outcome import Outcome
from usenetsync_tui.pipeline.verify.check import open_source


async def index_realm(catalogue: Catalogue, ring: KeyRing, folder: int) -> Realm:
    """The realm of a folder's index in the store that the folder uses. `NoKeyError`.

    A folder has one secret, whatever store it moves to.
    """
    async with catalogue.transaction() as tx:
        realm = await posted.realm_of(tx, folder)
        secret = await posted.secret_of(tx, folder)
        others = await folders.wrapped_keys(tx)
    if realm is None:
        if secret is None:
            secret = await to_thread.run_sync(ring.new_key, others)
        async with catalogue.transaction(durable=True) as tx:
            realm = await posted.add_realm(tx, folder, secret)
    async with catalogue.transaction() as tx:
        return await folders.realm_by_id(tx, realm)


async def with_index(stores: Stores, run: JobRun, outcome: Outcome) -> Outcome:
    """The outcome of an upload after the index of its version was posted, or says why it is not."""
    if outcome.state not in (JobState.COMPLETED, JobState.INCOMPLETE) or run.draining:
        return outcome
    run.progress.phase = "index"
    try:
        realm = await index_realm(run.catalogue, stores.keys, run.folder.id)
        # Where the folder posts now; Message-IDs do not depend on it.
        realm = replace(realm, newsgroups=run.folder.realm.newsgroups)
        open_realm = await stores.of(realm)
        with await open_source(run) as source:
            left = await post_index(run, open_realm, source)
    except (KeyUnavailableError, UsageError) as error:
        left = str(error)
    if not left:
        return outcome
    if run.draining:
        return Outcome(JobState.QUEUED, outcome.version, "interrupted")
    words = f"{outcome.message}; its index is not posted yet: {left}"
    return Outcome(JobState.INCOMPLETE, outcome.version, words)
