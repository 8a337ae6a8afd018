"""What a process runs that reads slices for an upload: ``python -m`` this, with descriptors.

Arguments: one end of a socket pair, and the shared memory. It answers questions (`messages`) until
the other end closes, as it does when the upload dies. Refuses to know the catalogue and names.
"""

from __future__ import annotations

import gc
import mmap
import os
import pickle
import signal
import socket
import sys

from usenetsync_tui.codec.compression import compress
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.sealing import seal, sealed_size
from usenetsync_tui.codec.yenc import encoded_lines
from usenetsync_tui.pipeline.upload.slice_readers.messages import (
    LONGEST,
    Answer,
    MadeSlice,
    Making,
    Pieces,
    WantedSlice,
)


def main(end: int, memory: int) -> None:
    """Serve the other end until it closes."""
    gc.freeze()
    with socket.socket(fileno=end) as mine, mmap.mmap(memory, 0) as shared:
        try:
            making: Making = pickle.loads(mine.recv(LONGEST))
            mine.send(pickle.dumps([]))  # ready
            _serve(mine, making, shared)
        except (EOFError, ConnectionError):
            pass  # the upload ends here, or has died


def _serve(end: socket.socket, making: Making, shared: mmap.mmap) -> None:
    while True:
        question, files, _, _ = socket.recv_fds(end, LONGEST, 1)
        if not question:
            return
        file = files[0]
        try:
            answer: Answer = [
                _made(file, wanted, making, shared) for wanted in pickle.loads(question)
            ]
        finally:
            os.close(file)
        end.send(pickle.dumps(answer))


def _made(file: int, wanted: WantedSlice, making: Making, shared: mmap.mmap) -> MadeSlice | None:
    """Read a slice and write it, encoded, into its slot; None if that is not possible.

    The digest is that of the very bytes that are encoded, whatever the file has a moment later.
    """
    pieces, slot, nonce = wanted
    data = _read(file, pieces)
    if data is None:
        return None
    digest = digest_of(making.algorithm, data)
    codec, payload = compress(data, making.compression)
    leaving = payload
    if making.key is not None and nonce is not None:
        size = sealed_size(len(payload), making.padded_to) if making.padded_to else 0
        leaving = seal(making.key, nonce, codec, payload, size=size)
    lines, crc = encoded_lines(leaving)
    if len(lines) > making.slot_size:
        return None
    begin = slot * making.slot_size
    shared[begin : begin + len(lines)] = lines
    return digest, int(codec), len(payload), len(leaving), len(lines), crc


def _read(file: int, pieces: Pieces) -> bytes | None:
    read: list[bytes] = []
    for offset, size in pieces:
        try:
            data = os.pread(file, size, offset)
        except OSError:
            return None
        if len(data) != size:
            return None
        read.append(data)
    return read[0] if len(read) == 1 else b"".join(read)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for the upload, which then ends this
    main(int(sys.argv[1]), int(sys.argv[2]))
