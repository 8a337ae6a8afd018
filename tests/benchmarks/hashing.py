"""Files hashed as an upload has to, and nothing else: what it cannot be faster than.

Run ``python tests/benchmarks/hashing.py FILE…``: SHA-256 of every segment and of every file, the
files read into a buffer that is used again, a thread a processor.
"""

from __future__ import annotations

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor

SEGMENT = 768_000


def digests(path: str) -> str:
    """Hash a file, and each of its segments."""
    buffer, whole = memoryview(bytearray(SEGMENT)), hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            hashlib.sha256(buffer[:count]).digest()
            whole.update(buffer[:count])
    return whole.hexdigest()


if __name__ == "__main__":
    with ThreadPoolExecutor(os.cpu_count()) as processors:
        for digest in processors.map(digests, sys.argv[1:]):
            print(digest)
