"""A coverage-guided fuzzer for the readers of an index and of a recovery string. Run by hand.

It needs atheris (libFuzzer for Python), which is no dependency of the tests::

    pip install atheris
    python tests/fuzz/fuzz_index.py -max_total_time=3600 -rss_limit_mb=1024 FOLDER

FOLDER keeps inputs that reached new code; begin with an empty one. Each input is tried in two ways:
as the bytes of a page, and as its columns under a right frame and checksum, since the fuzzer finds
neither zlib streams nor checksums by itself. Anything but rows or the one error of the index ends
the run with the input that did it, and so does an input that takes 10 seconds or 1 GiB.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

with atheris.instrument_imports(include=["usenetsync_tui.codec"]):
    from usenetsync_tui.codec.index import directory, files_page, merging, objects_page, page, root
    from usenetsync_tui.codec.recovery_string import read_string
    from usenetsync_tui.errors import IndexUnreadableError, RecoveryStringError

    index_samples = import_module("index_samples")

FORMATS: dict[int, tuple[page.PageType, Callable[[bytes], object]]] = {
    0: (
        page.PageType.FILES,
        lambda data: [*merging.merged([files_page.read_files(data)] * 2)],
    ),
    1: (page.PageType.OBJECTS, lambda data: objects_page.read_objects(data, 2)),
    2: (
        page.PageType.DIRECTORY,
        lambda data: directory.read_directory(data, None),
    ),
    3: (page.PageType.ROOT, lambda data: root.read_root(data, 3)),
}
SAMPLES = (
    files_page.write_files(index_samples.SAMPLE),
    objects_page.write_objects(index_samples.OBJECTS),
    directory.write_directory(index_samples.FILE_PAGES),
    root.write_root(index_samples.ROOT),
)


def columns_of(data: bytes) -> tuple[int, dict[int, bytes]]:
    """Rows and columns from an input: rows, then tag, length (two bytes) and bytes of each."""
    columns, at = {}, 1
    while at + 3 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 3])
        columns[data[at]] = data[at + 3 : at + 3 + size]
        at += 3 + size
    return (data[0] if data else 0), columns


def seeds() -> list[bytes]:
    """Inputs to begin with: the samples, as bytes and as columns."""
    made = []
    for number, sample in enumerate(SAMPLES):
        made.append(bytes((number,)) + sample)
        frame = page.read_page(sample, FORMATS[number][0])
        listed = [
            bytes((tag,)) + len(data).to_bytes(2) + data for tag, data in frame.columns.items()
        ]
        made.append(bytes((number | 4, frame.rows)) + b"".join(listed))
    return made


def try_input(data: bytes) -> None:
    """Read one input; any error but ours ends the run."""
    if not data:
        return
    kind, read = FORMATS[data[0] & 3]
    try:
        if data[0] & 8:
            read_string("usenetsync1" + data[1:].decode("utf-8", "replace"))
        elif data[0] & 4:
            rows, columns = columns_of(data[1:])
            read(page.write_page(kind, rows, columns, (15, 19, 21, 27)))
        else:
            read(data[1:])
    except (IndexUnreadableError, RecoveryStringError):
        return


def main() -> None:
    """Write the seeds into the first folder that is named, and run."""
    folders = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    for folder in folders[:1]:
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, "-timeout=10"], try_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
