"""Memory mapping against positional reads, on one file larger than the read buffers.

Run ``python -m tests.benchmarks.read_large_file FILE``; it prints one JSON object:
GB/s (10^9 bytes, methods in alternation), and what each way does when the file is truncated while
it is read: 1 when the process goes on, 0 when a signal kills it.

pread     ``os.pread``: a fresh ``bytes`` a slice
preadv    ``os.preadv`` into a reused ``bytearray`` a thread
mmap      a mapping, the slice copied out as ``bytes`` (what a queue between threads needs)
mmapview  a mapping, the slice used in place through a ``memoryview``

``+seq`` adds ``posix_fadvise(SEQUENTIAL)`` or ``madvise(SEQUENTIAL)``. Cold runs drop the
file from the page cache with ``posix_fadvise(DONTNEED)`` first.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

SLICE = 768_000
Work = Callable[[bytes | bytearray | memoryview], object]
Method = Callable[[int, int, range, Work], None]


def by_pread(fd: int, size: int, offsets: range, work: Work) -> None:
    for offset in offsets:
        work(os.pread(fd, min(SLICE, size - offset), offset))


def by_preadv(fd: int, size: int, offsets: range, work: Work) -> None:
    buffer = bytearray(SLICE)
    view = memoryview(buffer)
    for offset in offsets:
        work(view[: os.preadv(fd, [buffer], offset)])


def by_mmap(fd: int, size: int, offsets: range, work: Work) -> None:
    with mmap.mmap(fd, size, prot=mmap.PROT_READ) as mapped:
        for offset in offsets:
            work(mapped[offset : min(offset + SLICE, size)])


def by_mmapview(fd: int, size: int, offsets: range, work: Work) -> None:
    with mmap.mmap(fd, size, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as view:
        for offset in offsets:
            with view[offset : min(offset + SLICE, size)] as piece:
                work(piece)


def by_pread_seq(fd: int, size: int, offsets: range, work: Work) -> None:
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    by_pread(fd, size, offsets, work)


def by_mmapview_seq(fd: int, size: int, offsets: range, work: Work) -> None:
    with mmap.mmap(fd, size, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as view:
        mapped.madvise(mmap.MADV_SEQUENTIAL)
        for offset in offsets:
            with view[offset : min(offset + SLICE, size)] as piece:
                work(piece)


METHODS: dict[str, Method] = {
    "pread": by_pread,
    "pread+seq": by_pread_seq,
    "preadv": by_preadv,
    "mmap": by_mmap,
    "mmapview": by_mmapview,
    "mmapview+seq": by_mmapview_seq,
}


def touch(data: bytes | bytearray | memoryview) -> object:
    """Use one byte a page: what is left of a read when nothing is done with it."""
    return bytes(data[::4096])


def sha256(data: bytes | bytearray | memoryview) -> object:
    return hashlib.sha256(data).digest()


def gigabytes(path: str, method: Method, work: Work, threads: int, cold: bool) -> float:
    """GB/s of one pass over the file, its slices dealt out to the threads in turn."""
    fd = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(fd).st_size
        if cold:
            os.fsync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        begin = time.perf_counter()
        shares = [range(n * SLICE, size, threads * SLICE) for n in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda share: method(fd, size, share, work), shares):
                pass
        return size / 1e9 / (time.perf_counter() - begin)
    finally:
        os.close(fd)


_TRUNCATED = """
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
size = os.fstat(fd).st_size
if sys.argv[2] == "mmap":
    mapped = mmap.mmap(fd, size, prot=mmap.PROT_READ)
    os.truncate(fd, 0)
    mapped[size - 4096 : size]
else:
    os.truncate(fd, 0)
    print(len(os.pread(fd, 4096, size - 4096)), "bytes read")
"""


def goes_on(way: str) -> bool:
    """Whether a process lives on when the file it reads is truncated."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(1 << 20)
        command = [sys.executable, "-c", _TRUNCATED, file.name, way]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def reads(path: str) -> dict[str, float]:
    """Each way once, in turn."""
    found = {}
    for cold in (False, True):
        for work in (touch, sha256):
            for threads in (1, 2):
                for name, method in METHODS.items():
                    state = "cold" if cold else "warm"
                    words = f"{state}, {work.__name__}, {threads} threads, {name} [GB/s]"
                    found[words] = gigabytes(path, method, work, threads, cold)
    for way in ("mmap", "pread"):
        found[f"truncated under {way}: goes on"] = float(goes_on(way))
    return found


if __name__ == "__main__":
    print(json.dumps(reads(sys.argv[1])))
