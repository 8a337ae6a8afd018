"""What an index takes: a program that prints its figures as one JSON object.

Run ``python -m tests.benchmarks.index_figures size FILES`` or ``stream FILES``. Of made-up files,
without a catalogue and a store: the format alone.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from usenetsync_tui.codec.index.cutting import FilesCutter, ObjectsCutter
from usenetsync_tui.codec.index.files_page import read_files
from usenetsync_tui.codec.index.merging import merged
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.index_entries import EntryChange, IndexEntry, ObjectPart

from .made_up_index import entries, parts

CHANGES = 100
_LENGTH = struct.Struct(">I")


def pages(rows: Iterable[IndexEntry], objects: Iterable[ObjectPart] = ()) -> Iterator[bytes]:
    """The pages of a run."""
    files, others = FilesCutter(), ObjectsCutter()
    for row in rows:
        if page := files.add(row):
            yield page.data
    for part in objects:
        if page := others.add(part):
            yield page.data
    for page in (files.finish(), others.finish()):
        if page:
            yield page.data


def as_json(rows: Iterable[IndexEntry], objects: Iterable[ObjectPart]) -> int:
    """Bytes of the same as JSON, with zlib 9."""
    text = json.dumps([[row._asdict() for row in rows], [*objects]], default=bytes.hex)
    return len(zlib.compress(text.encode(), 9))


def sizes(files: int) -> dict[str, float]:
    """A base, and the delta of `CHANGES` changed files."""
    rows = [*entries(files)]
    objects = [*parts(rows)]
    base = sum(map(len, pages(rows, objects)))
    found = [row for row in rows if row.object is not None]
    few = found[:: max(1, len(found) // CHANGES)][:CHANGES]
    changed, last, end = [], max(part.number for part in objects) + 1, 0
    for row in few:
        size = min(row.size, 5_000)
        changed.append(
            row._replace(
                change=EntryChange.MODIFIED,
                object=last,
                offset=end,
                size=size,
                digest_kind=DigestKind.BLAKE3,
                digest=row.digest or bytes(32),
                mtime_ns=row.mtime_ns + 10**15,
                ctime_ns=row.ctime_ns + 10**15,
            )
        )
        end += size
    delta = sum(map(len, pages(changed, parts(changed))))
    readable = [row._replace(path=row.path.decode()) for row in rows]  # type: ignore[arg-type]
    return {
        "bytes a file of a base [B]": base / files,
        "the same as JSON with zlib 9 [B]": as_json(_texts(readable), objects) / files,
        f"delta of {CHANGES} changes, share of the base [%]": 100 * delta / base,
    }


def _texts(rows: Iterable[IndexEntry]) -> Iterator[IndexEntry]:
    for row in rows:
        yield row._replace(user=row.user.decode(), group=row.group.decode())  # type: ignore[arg-type]


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
    measured = {"size": sizes, "stream": stream}[sys.argv[1]]
    json.dump(measured(int(sys.argv[2])), sys.stdout)
