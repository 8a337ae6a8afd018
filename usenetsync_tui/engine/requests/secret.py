"""The user's requests about the secret that wraps the keys of folders, while the engine runs."""

from __future__ import annotations

import os
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import keys
from usenetsync_tui.codec.key_wrapping import SecretKind
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.requests.servers import adopted
from usenetsync_tui.engine.secret_change.change import NewSecret, change_secret, settle
from usenetsync_tui.engine.secret_change.show import folder_keys, secret_report
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsageError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.engine import ChangeKey
from usenetsync_tui.model.recovery.keys import ChangedSecret, report_lines, verdict
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Work
from usenetsync_tui.settings.settings import Settings, load_settings


async def change(working_state: WorkingState, command: ChangeKey) -> ChangedSecret:
    """Wrap all keys with another secret.

    `EngineBusyError` while a job or an adoption runs; else as `change_secret`.
    """
    working_state.refuse_if_busy("change the key")
    path = Path(os.fsdecode(command.path))
    if not path.is_absolute():
        raise UsageError("The path must be absolute.")
    kind = SecretKind.PASSPHRASE if command.is_passphrase else SecretKind.KEY_FILE
    locations = working_state.locations
    with working_state.stores.waits.announced(work := Work("opening and wrapping the keys")):
        changed = await change_secret(
            working_state.catalogue, locations, NewSecret(kind, path), seen=work.seen
        )
    fresh = await to_thread.run_sync(load_settings, locations.config_dir)
    working_state.settings = adopted(working_state.settings, fresh)
    for line in changed.lines:
        working_state.events.info(line)
    return changed


async def show(working_state: WorkingState) -> None:
    """Write into the log where the secret is, and whether it opens each key."""
    settings, locations, log = (
        working_state.settings,
        working_state.locations,
        working_state.events,
    )
    async with working_state.catalogue.transaction() as tx:
        wrapped = await keys.every_wrapped(tx)
    report = await to_thread.run_sync(lambda: secret_report(settings, locations))
    found = await to_thread.run_sync(lambda: [*folder_keys(settings, locations, wrapped)])
    for head, text in report_lines(report):
        (log.bad if head == "Problem" else log.info)(f"{head}: {text}")
    for key in found:
        if key.problem:
            log.bad(f"{safe_name(key.folder)} ({key.purpose}): {safe_name(key.problem)}")
    log.info(verdict(found))


async def settled(
    catalogue: Catalogue, settings: Settings, locations: Locations, events: EventLog
) -> Settings:
    """Settle a change of the secret that was interrupted; returns the settings in force then.

    Logs what was done, or why it cannot be: folders without a key work all the same.
    """
    try:
        words = await settle(catalogue, locations)
    except UsenetSyncError as error:
        if error.retryable:
            raise
        events.bad(f"An interrupted change of the key is not settled: {error}")
        return settings
    if not words:
        return settings
    events.info(words)
    return adopted(settings, await to_thread.run_sync(load_settings, locations.config_dir))
