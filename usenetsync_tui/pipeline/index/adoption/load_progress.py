"""load_progress: how far an adopted index is loaded. Refuses to load anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every engine has one of these, and few adopt
    from usenetsync_tui.pipeline.index.adoption.root_chain import Link


@dataclass(slots=True)
class LoadProgress:
    """How far an index is loaded."""

    phase: str = "search"
    folder: str = ""
    """Its name, once the root is read."""
    total_bytes: int = 0
    """Bytes of all pages to load."""
    done_bytes: int = 0
    files: int = 0
    """Entries of files so far, those of all runs."""

    def begin(self, folder: str, chain: Sequence[Link]) -> None:
        """The runs of a folder are loaded from now on."""
        self.phase, self.folder = "load", folder
        self.total_bytes = sum(run.size for link in chain for run in link.runs)
