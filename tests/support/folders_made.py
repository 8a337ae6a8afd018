"""What another process sees of a folder while the program makes it."""

from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

from usenetsync_tui.locations import make_folder


def seen_while_made(parent: Path, mode: int) -> set[tuple[int, int]]:
    """The modes and owners that a thread sees of 500 folders, made one after another."""
    seen: set[tuple[int, int]] = set()
    wanted = [parent / f"{number}" for number in range(500)]
    now = wanted[0]

    def look(over: Event) -> None:
        while not over.is_set():
            with suppress(FileNotFoundError):
                found = now.stat()
                seen.add((stat.S_IMODE(found.st_mode), found.st_uid))

    with ThreadPoolExecutor() as threads:
        looking = threads.submit(look, over := Event())
        for now in wanted:
            make_folder(now, mode)
        while not seen:
            time.sleep(0.001)
        over.set()
        looking.result()
    assert sorted(parent.iterdir()) == sorted(wanted)
    return seen
