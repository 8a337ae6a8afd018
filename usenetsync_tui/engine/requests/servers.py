"""Adds a server to the settings file, and to the stores, while the engine runs."""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.settings.settings import Settings, load_settings


async def add(working_state: WorkingState, server: Server) -> None:
    """Write a server to the settings file; the stores use it once no job runs. `SettingsError`."""
    from usenetsync_tui.settings.file import add_server  # whose TOML writer few runs need

    folder = working_state.locations.config_dir
    await to_thread.run_sync(add_server, folder, server)
    fresh = await to_thread.run_sync(load_settings, folder)
    working_state.settings = adopted(working_state.settings, fresh)
    when = "from now on" if not working_state.active else "when no job runs"
    working_state.events.info(f"server {server.name} is in the settings, and used {when}")


def adopted(before: Settings, fresh: Settings) -> Settings:
    """The settings of the file, except those that the open catalogue depends on."""
    kept = {"database_url": before.database_url, "max_connections": before.max_connections}
    return fresh.model_copy(update=kept)


async def renew(working_state: WorkingState) -> None:
    """Give the stores the new settings. The caller makes sure that no job runs."""
    try:
        await working_state.stores.renew(working_state.settings)
    except UsageError as error:  # such as a password file that cannot be read
        working_state.settings = working_state.stores.settings
        working_state.message = str(error)
        working_state.events.bad(str(error))
