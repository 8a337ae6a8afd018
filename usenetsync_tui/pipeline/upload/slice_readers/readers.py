"""Asks processes for slices of large files, once an upload has many bytes of them.

The processes end with the upload: they hold a socket whose other end the kernel closes, however
this process ends. One that has died is asked no more, and the caller reads in its own thread, as it
does for a few slices and where nothing would be gained. Refuses to know what a slice is for.
"""

from __future__ import annotations

import os
import pickle
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Lock
from typing import Any

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.codec.sealing import NONCE_SIZE
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.helper_process import ended, started
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.segments import CODECS, Encoded, SharedMemory
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.segments import SliceData, is_dense, wanted_compression
from usenetsync_tui.pipeline.upload.helper_group import ended_after
from usenetsync_tui.pipeline.upload.slice_readers import serve
from usenetsync_tui.pipeline.upload.slice_readers.messages import (
    LONGEST,
    MOST_PIECES,
    MadeSlice,
    Making,
    WantedSlice,
)
from usenetsync_tui.pipeline.upload.slice_readers.read_slice import (
    Place,
    ReadSlice,
    SlicePayload,
)
from usenetsync_tui.pipeline.upload.slice_readers.slots import SliceMemory, Slots, slot_size

MANY = 256 << 20
"""Bytes of an upload with which processes pay: to start one takes as long as it saves then."""
_SLOTS = 128
"""Fewer than the segments under way when all queues of a run are full: with 160, an upload over 20
slow connections took 257 MB instead of 240."""
_WAIT = 0.25
"""Seconds that a reader waits for slots before it reads in its thread: while no slot is free, the
lanes have enough to send, and what it reads takes memory and Python's lock."""
_MOST = 4
"""Processes, and no more than processors: one reads 0.9 GB/s here, less than is posted."""
_PATIENCE = 2.0
"""Most seconds that readers wait for a process: what threads read meanwhile takes memory that
the slots take once more."""


class _Helper:
    """One process, and our end of its socket."""

    def __init__(self) -> None:
        self.lock = Lock()
        """Held by the thread that asks."""
        self.end, self.other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process: subprocess.Popen[bytes] | None = None
        self.is_ready = False

    def start(self, making: Making, memory: int) -> None:
        """Start it. Blocking; raises OSError."""
        words = self.other.fileno(), memory
        try:
            self.process = started(serve.__name__, *map(str, words), descriptors=words)
        finally:
            self.other.close()
        self.end.send(pickle.dumps(making))

    def wait(self) -> None:
        """Wait until it is ready. Blocking; raises OSError, EOFError."""
        self._answer()
        self.is_ready = True

    def ask(self, file: int, wanted: Sequence[WantedSlice]) -> list[MadeSlice | None] | None:
        """What it makes of the slices; None if it has died, or must be asked no more."""
        with self.lock:
            if not self.is_ready:
                return None
            try:
                question = pickle.dumps(wanted, pickle.HIGHEST_PROTOCOL)
                socket.send_fds(self.end, [question], [file])
                return self._answer()
            except (OSError, EOFError):
                self.is_ready = False
                return None

    def _answer(self) -> list[MadeSlice | None]:
        data = self.end.recv(LONGEST)
        if not data:
            raise EOFError
        answer: list[MadeSlice | None] = pickle.loads(data)
        return answer

    def close(self) -> None:
        """End it. Blocking."""
        self.is_ready = False
        with suppress(OSError):
            self.end.shutdown(socket.SHUT_RDWR)
        self.end.close()
        self.other.close()
        if self.process is not None:
            ended(self.process)


class SliceReaders:
    """Reads slices for all readers of a run."""

    def __init__(
        self,
        making: Making | None,
        slots: int,
        processes: int,
        group: TaskGroup,
        expect: Callable[[SharedMemory], Coroutine[Any, Any, None]],
    ) -> None:
        """`making`: None if processes are of no use. `group`: starts them.

        `expect` gets the memory that they share.
        """
        self._expect = expect
        self._making = making
        self._count = slots
        self._processes = processes
        self._group = group
        self._ready = anyio.Event()
        self._slots: Slots | None = None
        self._helpers: list[_Helper] = []

    async def expect(self, size: int) -> None:
        """Have the processes ready for an upload of so many bytes, as far as is known now."""
        if size >= MANY and self._making is not None and self._slots is None:
            self._start(self._making)
        if self._slots is not None:
            with anyio.move_on_after(_PATIENCE):
                await self._ready.wait()

    def _start(self, making: Making) -> None:
        try:
            self._helpers = [_Helper() for _ in range(self._processes)]
            self._slots = Slots(self._count, making.slot_size)
        except OSError:
            self._making = None
            return  # the threads go on
        self._group.start_soon(self._begin, making, self._slots.memory)

    async def _begin(self, making: Making, memory: SliceMemory) -> None:
        self._group.start_soon(self._expect, memory)
        for helper in self._helpers:  # the first one is needed soonest, and has a processor
            with suppress(OSError, EOFError):  # the others or the threads go on
                await to_thread.run_sync(helper.start, making, memory.descriptor)
                await to_thread.run_sync(helper.wait, abandon_on_cancel=True)
                self._ready.set()
        self._ready.set()

    @property
    def is_ready(self) -> bool:
        """Whether a process can be asked."""
        return any(helper.is_ready for helper in self._helpers)

    def read(self, opened: SourceFile, places: Sequence[Place]) -> list[ReadSlice | None]:
        """Read slices of a file; None for each that the caller must read itself. Blocking."""
        nothing: list[ReadSlice | None] = [None] * len(places)
        helper, slots, making = self._idle(), self._slots, self._making
        if helper is None or slots is None or making is None:
            return nothing
        pieces = [opened.pieces(*place) for place in places]
        if sum(map(len, pieces)) > MOST_PIECES or (taken := slots.take(len(places), _WAIT)) is None:
            return nothing
        key = making.key
        nonces = [None if key is None else secrets.token_bytes(NONCE_SIZE) for _ in places]
        wanted: list[WantedSlice] = [*zip(pieces, taken, nonces, strict=True)]
        answer = helper.ask(opened.descriptor, wanted)
        if answer is None:
            return nothing  # nobody knows what the process still does to the slots: they stay taken
        found = list[ReadSlice | None]()
        for (own, slot, nonce), made in zip(wanted, answer, strict=True):
            if made is None:
                slots.give(slot)
                found.append(None)
                continue
            digest, number, payload_size, leaving, lines, crc = made
            size = own[0][1] if len(own) == 1 else sum([length for _, length in own])
            codec, place = CODECS[number], (slots.memory, slots.offset(slot))
            encoded = Encoded(slots.view(slot, lines), crc, leaving, nonce, *place)
            payload = SlicePayload(encoded, payload_size, key)
            found.append(ReadSlice(digest, codec, SliceData(payload, codec, size), payload, size))
        return found

    def _idle(self) -> _Helper | None:
        """A process that nobody asks now, else any that can be asked."""
        ready = [helper for helper in self._helpers if helper.is_ready]
        return min(ready, key=lambda helper: helper.lock.locked(), default=None)

    def close(self) -> None:
        """End the processes. Blocking."""
        for helper in self._helpers:
            helper.close()
        self._slots = None


def _making_of(run: JobRun) -> Making | None:
    """How the run makes its articles; None if only threads can make them.

    What no yEnc is made of, and copies that are sealed one by one, would have to be taken out of
    the shared memory first. LZMA takes so long that the lock does not matter.
    """
    realm, open_realm = run.folder.realm, run.open_realm
    if realm.store is not StoreKind.USENET or is_dense(run):
        return None
    if open_realm.key is not None and run.folder.copies > 1:
        return None
    key, padded_to = open_realm.key, open_realm.padded_to
    size = slot_size(run.limits.chunk_size)
    return Making(realm.digest, wanted_compression(run), key, padded_to, size)


@asynccontextmanager
async def slice_readers(run: JobRun, readers: int) -> AsyncIterator[SliceReaders]:
    """Processes for so many readers of a run, which end with the block."""
    making = _making_of(run)
    slots = min(_SLOTS, run.budget.most // making.slot_size) if making is not None else 0
    processes = max(1, min(readers, _MOST, len(os.sched_getaffinity(0))))
    group = anyio.create_task_group()
    found = SliceReaders(
        making if slots else None, slots, processes, group, run.open_realm.store.expect
    )
    async with ended_after(group, found.close):
        yield found
