"""Files hashed as an upload has to, and nothing else: what it cannot be faster than.

Run ``python tests/benchmarks/hashing.py FILE…``: BLAKE3 of every segment, the
files read into a buffer that is used again, a thread a processor.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from blake3 import blake3

SEGMENT = 768_000


def digests(path: str) -> str:
    """Hash each segment of a file, and their digests together."""
    buffer, whole = memoryview(bytearray(SEGMENT)), blake3()
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            whole.update(blake3(buffer[:count]).digest())
    return whole.hexdigest()


if __name__ == "__main__":
    with ThreadPoolExecutor(os.cpu_count()) as processors:
        for digest in processors.map(digests, sys.argv[1:]):
            print(digest)
