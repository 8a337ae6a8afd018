"""Paths in requests: engine and window may have different working folders."""

from __future__ import annotations

import os

from usenetsync_tui.errors import UsageError


def refuse_path(path: bytes) -> None:
    """`UsageError` for a relative path."""
    if not os.path.isabs(path):
        raise UsageError("The path must be absolute.")
