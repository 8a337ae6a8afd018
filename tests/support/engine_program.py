"""An engine without a window, until it is killed or told to stop: what other programs attach to."""

from __future__ import annotations

import os
from functools import partial

import anyio

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.locations import Locations
from usenetsync_tui.settings.settings import load_settings

if __name__ == "__main__":
    locations = Locations.find(os.environ)
    engine = Engine(load_settings(locations.config_dir), locations, what="serve")
    anyio.run(partial(engine.run, until_idle=False))
