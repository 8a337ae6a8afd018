"""Python's garbage collector at the start of the command.

Loading modules makes hundreds of thousands of objects that stay until the end. The collector would
look through them several times, 30 ms each time, and find nothing.
"""

from __future__ import annotations

import gc


def pause() -> None:
    """Collect nothing until `resume`: modules are loading."""
    gc.disable()


def resume() -> None:
    """Collect garbage from now on, without what has been loaded; does nothing if not paused.

    Measured on 200,000 files: with Python's own thresholds the collector took 13 % of an upload.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        gc.enable()
