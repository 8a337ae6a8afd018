"""Reads packs: a few of them in a thread, many in processes of their own.

The processes start when an upload has read `MANY` small files, and end with it: they hold a socket
whose other end the kernel closes, however this process ends. A pack whose process has died is read
in a thread, and so are all that follow it there. Refuses to know what a pack is for.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.helper_process import ended, started
from usenetsync_tui.pipeline.run.segments import Segmented
from usenetsync_tui.pipeline.upload.helper_group import ended_after
from usenetsync_tui.pipeline.upload.pack_readers import serve
from usenetsync_tui.pipeline.upload.pack_readers.messages import (
    answered,
    question,
    receive,
    send,
)
from usenetsync_tui.pipeline.upload.read_pack import (
    Packing,
    PackRead,
    UnreadFiles,
    read_prepared,
)

MANY = 3_000
"""Small files after which processes pay: to start them takes as long as to read some thousand."""


class PackReaders:
    """Reads packs for all readers of a run."""

    def __init__(
        self, source: SourceTree, packing: Packing, processes: int, group: TaskGroup
    ) -> None:
        """`processes`: how many may read at once. `group`: starts them."""
        self._source = source
        self.packing = packing
        self._processes = processes
        self._group = group
        self._files = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: list[socket.socket] = []
        self._ends: list[socket.socket] = []

    async def read(self, unread: UnreadFiles, object_id: int) -> tuple[PackRead, Segmented | None]:
        """Read files into a pack of this object, as `read_prepared` does."""
        self._files += len(unread.files)
        if self._files > MANY and not self._ends:
            self._start()
        if self._idle:
            end = self._idle.pop()
            try:
                found = await to_thread.run_sync(self._asked, end, unread, object_id)
            except (OSError, EOFError):
                end.close()
            else:
                self._idle.append(end)
                return found
        here = self._source, unread, object_id, self.packing
        return await to_thread.run_sync(read_prepared, *here)

    def _asked(
        self, end: socket.socket, unread: UnreadFiles, object_id: int
    ) -> tuple[PackRead, Segmented | None]:
        how = unread, object_id, self.packing, self._source.inodes
        send(end, question(*how))
        return answered(receive(end), *how)

    def _start(self) -> None:
        """Start the processes; they are asked as soon as they are ready."""
        pairs = [socket.socketpair() for _ in range(self._processes)]
        self._ends = [mine for mine, _ in pairs]
        self._group.start_soon(self._begin, [other for _, other in pairs])

    async def _begin(self, theirs: list[socket.socket]) -> None:
        try:
            self._process = await to_thread.run_sync(_started, self._source.root, theirs)
            for end in self._ends:
                await to_thread.run_sync(receive, end, abandon_on_cancel=True)
                self._idle.append(end)
        except (OSError, EOFError):
            return  # the threads go on
        finally:
            for other in theirs:
                other.close()

    def close(self) -> None:
        """End the processes. Blocking."""
        self._idle = []
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        if self._process is not None:
            ended(self._process)


def _started(root: int, ends: list[socket.socket]) -> subprocess.Popen[bytes]:
    """A process for each end. Raises OSError."""
    descriptors = [root, *(end.fileno() for end in ends)]
    return started(serve.__name__, *map(str, descriptors), descriptors=descriptors)


@asynccontextmanager
async def pack_readers(
    source: SourceTree, packing: Packing, processes: int
) -> AsyncIterator[PackReaders]:
    """Readers of the packs of a folder, `processes` of them at once; they end with the block."""
    group = anyio.create_task_group()
    readers = PackReaders(source, packing, processes, group)
    async with ended_after(group, readers.close):
        yield readers
