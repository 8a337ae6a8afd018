"""The words with which the user runs this program, so that he can copy the next steps."""

from __future__ import annotations

import os
import shlex
import shutil
import sys


def program() -> str:
    """`usenetsync` if the shell finds this program by that name, else the path that was typed."""
    called = sys.argv[0]
    if os.path.basename(called) == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m usenetsync_tui"
    found = shutil.which("usenetsync")
    if found is not None and os.path.realpath(found) == os.path.realpath(called):
        return "usenetsync"
    return shlex.quote(called)
