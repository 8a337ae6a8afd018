"""What an index takes: a program that prints its figures as one JSON object.

Run ``python -m tests.benchmarks.index_figures FILES``. Of made-up files, without a catalogue and a
store: the format alone (`indexed_folder` has the rest).
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

from usenetsync_tui.codec.index.cutting import FilesCutter
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.files_page import read_files
from usenetsync_tui.codec.index.merging import merged
from usenetsync_tui.model.index.entries import IndexEntry

from .made_up_index import entries

_LENGTH = struct.Struct(">I")
_BATCH = 4_000


def pages(rows: Iterable[IndexEntry]) -> Iterator[bytes]:
    """The pages of a run."""
    files, every = FilesCutter(), iter(rows)
    while some := [*islice(every, _BATCH)]:
        for page in files.add(FilesColumns.of(some)):
            yield page.data
    if page := files.finish():
        yield page.data


def stream(files: int) -> dict[str, float]:
    """Seconds of CPU to write and to read the pages of files, as streams, and the peak memory."""
    began = time.process_time()
    for _ in entries(files):
        pass
    made_up = time.process_time() - began
    with tempfile.TemporaryFile() as file:
        began = time.process_time()
        for page in pages(entries(files)):
            file.write(_LENGTH.pack(len(page)) + page)
        written = time.process_time() - began - made_up
        file.seek(0)
        began = time.process_time()
        count = sum(1 for _ in merged([_read(file)]))
        read = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    assert count >= files
    return {
        "pages written: CPU time [s]": written,
        "pages read: CPU time [s]": read,
        "peak memory of the process [MB]": memory,
    }


def _read(file: IO[bytes]) -> Iterator[IndexEntry]:
    while head := file.read(_LENGTH.size):
        yield from read_files(file.read(_LENGTH.unpack(head)[0]))


if __name__ == "__main__":
    json.dump(stream(int(sys.argv[1])), sys.stdout)
