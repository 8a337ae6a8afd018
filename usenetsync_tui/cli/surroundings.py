"""What every verb begins with: the folders of this user, the log, and the settings.

The screen asks for the first two before it draws, and for the settings after its first frame: to
check them takes a library that is slow to load (`settings.appearance`).
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from usenetsync_tui.cli.allocator import keep_memory
from usenetsync_tui.cli.log import log_to
from usenetsync_tui.cli.output import voices
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.text.safe_name import safe_name

if TYPE_CHECKING:
    from usenetsync_tui.settings.settings import Settings


def environment() -> tuple[Settings, Locations]:
    """The settings and locations of this user; from now on libraries log to a file there."""
    locations = own_locations()
    settings, unused = settings_in_force(locations)
    hint(unused)
    return settings, locations


def own_locations() -> Locations:
    """The locations of this user; from now on libraries log to a file there. `SettingsError`."""
    locations = Locations.find(os.environ)
    _tighten(locations)
    if (owner := locations.other_owner) is not None:
        hint((f"running as root in the home of {owner.name}: new files belong to {owner.name}.",))
    log_to(locations.log_dir)
    return locations


def settings_in_force(locations: Locations) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and sentences about variables that they do not use. `SettingsError`.

    The first call takes a tenth of a second, and may be made in any thread.
    """
    from usenetsync_tui.settings.settings import load_settings, unused

    settings = load_settings(locations.config_dir)
    keep_memory(settings.memory_limit)
    return settings, tuple(unused(settings, os.environ))


@cache
def hint(lines: tuple[str, ...]) -> None:
    """Print hints on standard error, the same ones only once."""
    for line in lines:
        voices.complain(f"usenetsync: {line}")


@cache
def _tighten(locations: Locations) -> None:
    """Cached, since a verb may call `environment` twice."""
    for line in locations.tighten():
        voices.complain(f"usenetsync: {safe_name(line)}")
