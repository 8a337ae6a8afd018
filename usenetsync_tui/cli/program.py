"""How the user calls this program, so that the next steps can be copied."""

from __future__ import annotations

import os
import shlex
import shutil
import sys


def program() -> str:
    """`usenetsync` when the shell would find this one, else the path it was called by."""
    called = sys.argv[0]
    if os.path.basename(called) == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m usenetsync_tui"
    found = shutil.which("usenetsync")
    if found is not None and os.path.realpath(found) == os.path.realpath(called):
        return "usenetsync"
    return shlex.quote(called)
