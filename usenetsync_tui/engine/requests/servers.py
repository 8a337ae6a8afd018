"""Adds a server to the settings file, and to the stores, while the engine runs."""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.servers import Server
from usenetsync_tui.settings.file import add_server
from usenetsync_tui.settings.settings import Settings, load_settings


async def add(shift: WorkingState, server: Server) -> None:
    """Write a server to the settings file; the stores use it once no job runs. `SettingsError`."""
    folder = shift.locations.config_dir
    await to_thread.run_sync(add_server, folder, server)
    fresh = await to_thread.run_sync(load_settings, folder)
    shift.settings = _adopted(shift.settings, fresh)
    when = "from now on" if shift.at_work is None else "when the running job is over"
    shift.events.info(f"server {server.name} is in the settings, and used {when}")


def _adopted(before: Settings, fresh: Settings) -> Settings:
    """The settings of the file, except those that the open catalogue depends on."""
    kept = {"database_url": before.database_url, "max_connections": before.max_connections}
    return fresh.model_copy(update=kept)


async def renew(shift: WorkingState) -> None:
    """Give the stores the new settings. The caller makes sure that no job runs."""
    try:
        await shift.stores.renew(shift.settings)
    except UsageError as error:  # such as a password file that cannot be read
        shift.settings = shift.stores.settings
        shift.message = str(error)
        shift.events.bad(str(error))
