"""Shell completion of names of folders and servers, and of versions.

The program may not be set up, and its database may not run: then there is nothing to complete, and
completion starts and prints nothing, since the user is typing. It answers within a second or not
at all.
"""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from usenetsync_tui.model.text.safe_name import safe_name

_PATIENCE = 1.0
"""Most seconds that a user waits after pressing the tab key."""


def complete_folder(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Names of folders; the shell completes paths."""
    if "/" in incomplete or incomplete.startswith("~"):
        return [CompletionItem(incomplete, type="dir")]
    conninfo = None if _may_be_string(incomplete) else _conninfo()
    if conninfo is None:
        return []
    from usenetsync_tui.catalogue.lookups.completing import folder_names

    names = folder_names(conninfo, incomplete)
    # A name that the screen must escape cannot be typed in that form.
    return [CompletionItem(name) for name in names if safe_name(name) == name]


def complete_version(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Versions of the folder that the line names, the newest first."""
    # click stops at an option without its value: the words before it are then in `args`.
    word = context.params.get("folder") or next(iter(context.args), "")
    conninfo = _conninfo() if word and not _may_be_string(word) else None
    if conninfo is None:
        return []
    from usenetsync_tui.catalogue.lookups.completing import versions

    every = versions(conninfo, word, os.path.realpath(os.fsencode(word)))
    return [CompletionItem(str(v)) for v in every if str(v).startswith(incomplete)]


def complete_server(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Names of the servers of the settings."""
    from usenetsync_tui.errors import SettingsError
    from usenetsync_tui.locations import Locations
    from usenetsync_tui.settings.settings import load_settings

    _be_quick()
    try:
        settings = load_settings(Locations.find(os.environ).config_dir)
    except SettingsError:
        return []
    names = (server.name for server in settings.servers)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _may_be_string(word: str) -> bool:
    """Whether it may be a recovery string, which no database should ever see."""
    from usenetsync_tui.model.recovery.typed_strings import is_string

    return is_string(word)


def _conninfo() -> str | None:
    """The address of the database, if it runs; None when that is not known."""
    from usenetsync_tui.errors import UsenetSyncError
    from usenetsync_tui.locations import Locations
    from usenetsync_tui.postgres.embedded.server import EmbeddedServer
    from usenetsync_tui.settings.settings import load_settings

    _be_quick()
    locations = Locations.find(os.environ)
    try:
        settings = load_settings(locations.config_dir)
        if settings.database_url is not None:
            return settings.database_url.get_secret_value()
        return EmbeddedServer(locations).url()
    except UsenetSyncError:
        return None


def _be_quick() -> None:
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    # Python gives up its handlers before it ends: the signal would kill it then.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
