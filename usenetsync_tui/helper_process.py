"""Starts and ends processes that help a job of ours, in Python.

Python of one process runs on one processor, and threads that take turns for its lock lose more time
than short system calls take. A helper gets its work through a socket. The kernel closes our end of
it however we end, and then the helper ends, too. Refuses to know the work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from usenetsync_tui.environment import KEPT_MEMORY, helper_variables

_PATIENCE = 5.0
"""Seconds that a helper may take to end; it only stays if the file system does not answer."""
_HOUSE = str(Path(__file__).parents[1])


def started(
    module: str,
    *words: str,
    stdin: int = subprocess.DEVNULL,
    descriptors: Collection[int] = (),
) -> subprocess.Popen[bytes]:
    """Run a module of ours as a process, which inherits these descriptors. Raises OSError.

    What it writes is lost: a job that a helper fails at is done by its caller, and explained there.
    """
    places = [place for place in sys.path if place]
    if _HOUSE not in places:
        places.append(_HOUSE)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *words],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=helper_variables() | KEPT_MEMORY | {"PYTHONPATH": os.pathsep.join(places)},
        pass_fds=descriptors,
        start_new_session=True,  # ^C is for the job, which ends its helpers
    )


def ended(process: subprocess.Popen[bytes]) -> None:
    """Wait until a helper has ended whose socket is closed; end it if it does not. Blocking."""
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
