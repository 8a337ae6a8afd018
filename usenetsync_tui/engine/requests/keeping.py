"""The requests about what is kept: the keep rules of a folder, tags and protection of versions.

Each is one transaction, by a running engine or by a command alone. Refuses to know how a version is
forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.catalogue.tables.keeping import marks, policies
from usenetsync_tui.engine.jobs.new_jobs import folder_of
from usenetsync_tui.engine.requests import retention
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsageError, UsenetSyncError
from usenetsync_tui.model.commands.folders import SetKeepRules
from usenetsync_tui.model.commands.jobs import Forget
from usenetsync_tui.model.commands.versions import ProtectVersions, TagVersion
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.versions.keep_rules import (
    KeepPolicy,
    KeepRules,
    tag_list_problem,
    tag_problem,
)
from usenetsync_tui.model.versions.kept_versions import PolicyEffect, runs_in_words, verdicts
from usenetsync_tui.model.versions.version_marks import MarkedVersion, MarkedVersions


async def effect(
    tx: Transaction, folder: Folder, policy: KeepPolicy, default: KeepRules
) -> PolicyEffect:
    """What a policy would forget of a folder now; `default`: the rules of the settings."""
    versions = await snapshots.finished(tx, folder.id)
    found = verdicts(versions, policy.in_force(default), datetime.now(UTC))
    return PolicyEffect(folder.name, policy, default, tuple(found))


async def set_rules(
    catalogue: Catalogue, command: SetKeepRules, default: KeepRules
) -> PolicyEffect:
    """Store a folder's keep rules; returns what they would forget. `UsageError`."""
    refuse_rules(command.policy.rules)
    async with catalogue.transaction(durable=True) as tx:
        folder = await folder_of(tx, command.folder_id)
        await policies.remember(tx, folder.id, command.policy)
        return await effect(tx, folder, command.policy, default)


async def tag(catalogue: Catalogue, command: TagVersion) -> MarkedVersions:
    """Change the tags of a version. `UsageError`, `UnknownSnapshotError`."""
    if problem := next(filter(None, map(tag_problem, command.tags)), ""):
        raise UsageError(problem)
    if not command.tags and not command.remove:
        raise UsageError("Name at least one tag.")
    async with catalogue.transaction(durable=True) as tx:
        folder = await folder_of(tx, command.folder_id)
        version = await snapshots.finished_version(tx, folder.id, command.version)
        if command.remove:
            await marks.untag(tx, folder.id, version, command.tags)
        else:
            await marks.tag(tx, folder.id, version, command.tags)
        return await _marked(tx, folder, [version])


async def protect(catalogue: Catalogue, command: ProtectVersions) -> MarkedVersions:
    """Protect versions, or take that back. `UnknownSnapshotError`: nothing is changed."""
    async with catalogue.transaction(durable=True) as tx:
        folder = await folder_of(tx, command.folder_id)
        for version in command.versions:
            await snapshots.finished_version(tx, folder.id, version)
        await marks.protect(tx, folder.id, command.versions, protected=not command.remove)
        return await _marked(tx, folder, command.versions)


async def run_rules(working_state: WorkingState, folder_id: int) -> None:
    """Queue a job that forgets what the keep rules of a folder do not keep, if there is anything.

    What keeps it from doing so is in the log; the next upload tries it again.
    """
    async with working_state.catalogue.transaction() as tx:
        folder = await folder_of(tx, folder_id)
        found = await effect(tx, folder, folder.keep, working_state.settings.keep_rules)
    if not found.forgotten:
        return
    listed = runs_in_words(found.forgotten)
    try:
        async with working_state.catalogue.transaction(durable=True) as tx:
            job_id = await retention.forget(tx, Forget(folder_id, found.forgotten))
    except UsenetSyncError as error:
        if error.retryable:
            raise
        working_state.events.warn(f"{folder.name}: the keep rules forget nothing now: {error}")
        return
    working_state.follow_ups.append(job_id)
    working_state.started.append(job_id)
    working_state.events.info(f"{folder.name}: the keep rules forget version {listed}")


def refuse_rules(rules: KeepRules) -> None:
    """`UsageError` for a tag of a rule that no version can have."""
    if problem := next(filter(None, map(tag_list_problem, rules.tags)), ""):
        raise UsageError(problem)


async def _marked(tx: Transaction, folder: Folder, versions: Sequence[int]) -> MarkedVersions:
    every = await snapshots.finished(tx, folder.id)
    changed = [
        MarkedVersion(s.version, s.tags, s.protected) for s in every if s.version in versions
    ]
    return MarkedVersions(folder.name, tuple(changed))
