"""What a process runs that reads packs for an upload: ``python -m`` this, with descriptors.

Arguments: the root of the folder, then one end of a socket pair for each process that is wanted.
The first of them makes the others by fork, which costs a millisecond instead of all the imports.
Each answers questions (`messages`) until the other end closes, as it does when the upload dies.
Refuses to know the catalogue.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys

from usenetsync_tui.disk.source.source_tree import NearbyFiles
from usenetsync_tui.pipeline.upload.pack_readers.messages import answer, asked, receive, send
from usenetsync_tui.pipeline.upload.read_pack import read_prepared


def main(root: int, ends: list[int]) -> None:
    """Serve all ends, one in each process. Returns when nothing more is asked of any."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    mine = next((end for end in ends[1:] if os.fork() == 0), ends[0])
    for end in ends:
        if end != mine:
            os.close(end)
    try:
        with socket.socket(fileno=mine) as my_end:
            _serve(my_end, root)
    except (EOFError, ConnectionError):
        pass  # the upload ends here, or has died
    while mine == ends[0] and _one_has_ended():
        pass  # so that none is left for a container's first process, which may not ask for them


def _one_has_ended() -> bool:
    """Wait for one of the others; False when all have ended."""
    try:
        return os.wait()[0] > 0
    except ChildProcessError:
        return False


def _serve(end: socket.socket, root: int) -> None:
    send(end, ((), []))  # ready
    while True:
        unread, object_id, packing, inodes = asked(receive(end))
        found, segment = read_prepared(NearbyFiles(root, inodes), unread, object_id, packing)
        send(end, answer(unread, found, segment, inodes))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for the upload, which then ends this
    main(int(sys.argv[1]), [*map(int, sys.argv[2:])])
