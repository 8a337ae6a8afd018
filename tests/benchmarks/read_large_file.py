"""Memory mapping against positional reads, on one file larger than the read buffers.

Run ``python tests/benchmarks/read_large_file.py [PATH | --size BYTES]``. Prints a table of
GB/s (10^9 bytes, median of the rounds, methods in alternation) and shows what each way does
when the file is truncated while it is read.

pread     ``os.pread``: a fresh ``bytes`` a slice
preadv    ``os.preadv`` into a reused ``bytearray`` a thread
mmap      a mapping, the slice copied out as ``bytes`` (what a queue between threads needs)
mmapview  a mapping, the slice used in place through a ``memoryview``

``+seq`` adds ``posix_fadvise(SEQUENTIAL)`` or ``madvise(SEQUENTIAL)``. Cold runs drop the
file from the page cache with ``posix_fadvise(DONTNEED)`` first.
"""

from __future__ import annotations

import argparse
import hashlib
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

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


def measure(path: str, method: Method, work: Work, threads: int, cold: bool) -> float:
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


def truncation(way: str) -> str:
    """What becomes of a process whose file is truncated under it."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(1 << 20)
        done = subprocess.run(
            [sys.executable, "-c", _TRUNCATED, file.name, way],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode < 0:
        return f"killed by {signal.Signals(-done.returncode).name}"
    return f"goes on: {done.stdout.strip()}"


@contextmanager
def sample(path: str | None, size: int) -> Iterator[str]:
    """The file to read: the one named, or random bytes deleted afterwards."""
    if path is not None:
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="usenetsync-read-") as file:
        block = os.urandom(8 << 20)
        for _ in range(0, size, len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        yield file.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", nargs="?")
    parser.add_argument("--size", type=int, default=2 << 30, help="bytes (default 2 GiB)")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    cases = [
        (cold, work, threads)
        for cold in (False, True)
        for work in (touch, sha256)
        for threads in (1, 2)
    ]
    with sample(args.path, args.size) as path:
        print(f"{os.stat(path).st_size / 1e9:.2f} GB, slices of {SLICE:,} bytes, GB/s\n")
        print(f"{'cache':6}{'work':8}{'threads':>8}" + "".join(f"{m:>14}" for m in METHODS))
        for cold, work, threads in cases:
            rates: dict[str, list[float]] = {name: [] for name in METHODS}
            for _ in range(args.rounds):
                for name, method in METHODS.items():
                    rates[name].append(measure(path, method, work, threads, cold))
            head = f"{'cold' if cold else 'warm':6}{work.__name__:8}{threads:>8}"
            print(head + "".join(f"{median(r):14.2f}" for r in rates.values()), flush=True)
    print(f"\ntruncated under a mapping: {truncation('mmap')}")
    print(f"truncated under pread:     {truncation('pread')}")


if __name__ == "__main__":
    main()
