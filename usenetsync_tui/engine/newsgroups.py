"""Refuses newsgroups that no server has, before the first byte of a folder is read.

A server would refuse the first article, but by then the folder is walked, read and planned. A
newsgroup once found on a server is not asked for again, so an upload without changes needs no
server.
"""

from __future__ import annotations

import anyio

from usenetsync_tui.catalogue.tables import headers
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import NewsgroupError
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.store.usenet.newsgroups import NewsgroupAnswers, look_for_newsgroups

_PATIENCE = 10.0
"""Seconds for all servers together; posting is more patient."""
_POLL = 0.1


async def refuse_unknown_newsgroups(working_state: WorkingState, run: JobRun) -> None:
    """`NewsgroupError` when a newsgroup of the run's folder is on no server that posts."""
    realm, servers = run.folder.realm, working_state.stores.servers
    if realm.store is not StoreKind.USENET or servers is None:
        return
    async with run.catalogue.transaction() as tx:
        found = await headers.found(tx, run.folder.id)
    unsure = [name for name in realm.newsgroups if name not in found]
    if not unsure:
        return
    run.progress.phase = "newsgroups"
    carried = NewsgroupAnswers(0)
    async with anyio.create_task_group() as group:
        group.start_soon(_until_drained, run, group.cancel_scope)
        carried = await look_for_newsgroups(servers, unsure, seconds=_PATIENCE)
        group.cancel_scope.cancel()
    _refuse(carried, working_state.settings.newsgroups)
    if carried.there:
        async with run.catalogue.transaction() as tx:
            await headers.remember_found(tx, run.folder.id, found | carried.there)
    for newsgroup, said in carried.refused.items():
        for server, reply in said.items():
            working_state.events.warn(f"{server} has no newsgroup {newsgroup}: {reply}")


async def _until_drained(run: JobRun, scope: anyio.CancelScope) -> None:
    """Cancel the search when the run drains: a stop does not wait for servers."""
    while not run.draining:  # noqa: ASYNC110 - it has no event
        await anyio.sleep(_POLL)
    scope.cancel()


def _refuse(carried: NewsgroupAnswers, configured: list[str]) -> None:
    nowhere = carried.nowhere()
    if not nowhere:
        return
    told = "; ".join(
        f"{newsgroup} ({', '.join(f'{s} answers {safe_name(str(r))}' for s, r in said.items())})"
        for newsgroup, said in nowhere.items()
    )
    advice = "Choose another with upload --newsgroups, or with E on the screen"
    if any(newsgroup in configured for newsgroup in nowhere):
        advice += "; and correct newsgroups in config.toml"
    raise NewsgroupError(f"{told}. {advice}.")
