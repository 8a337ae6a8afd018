"""The process that sends articles for the lanes of all servers, from any shared memory.

Started with the first memory, and ended when nobody holds memory any more and no connection that
it encrypts is open. What it cannot do the lanes do themselves. Refuses to know what an answer leads
to (`connection`).
"""

from __future__ import annotations

import pickle
import select
import socket
import subprocess
import time
from contextlib import suppress
from functools import partial
from threading import Lock, RLock, Thread
from typing import NamedTuple
from weakref import WeakKeyDictionary

from usenetsync_tui.helper_process import ended, started
from usenetsync_tui.model.segments import SharedMemory
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.store.usenet.connection.sending import serve
from usenetsync_tui.store.usenet.connection.sending.channel import Channel, EncryptedChannel
from usenetsync_tui.store.usenet.connection.sending.messages import (
    LONGEST,
    Handshake,
    Memory,
    NoMore,
    ServedConnection,
)

_START = 1.0
"""Most seconds that a new connection waits for a process that just starts."""


class Sender:
    """One process, and our end of its socket. From any thread."""

    def __init__(self) -> None:
        """Start it; it is not ready at once. Raises OSError."""
        self._end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process: subprocess.Popen[bytes] = started(
                serve.__name__, str(other.fileno()), descriptors=[other.fileno()]
            )
        except BaseException:
            self._end.close()
            raise
        finally:
            other.close()
        self._lock = RLock()
        """Reentrant: memory may be found to be gone at any moment, in any thread."""
        self._numbers = WeakKeyDictionary[SharedMemory, int]()
        self._next = 0
        self._uses = 0
        """Memories, and connections that it encrypts."""
        self._is_ready = False
        self.is_over = False
        self._ending: Thread | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked now."""
        with self._lock:
            if not self._is_ready and not self.is_over:
                try:
                    self._is_ready = bool(self._end.recv(LONGEST, socket.MSG_DONTWAIT))
                    self.is_over = not self._is_ready
                except BlockingIOError:
                    pass  # it still starts
                except OSError:
                    self.is_over = True
            return self._is_ready and not self.is_over

    def await_start(self, seconds: float) -> None:
        """Return when it is ready or over, at the latest after some seconds."""
        until = time.monotonic() + seconds
        while not (self.is_ready or self.is_over) and (left := until - time.monotonic()) > 0:
            poll = select.poll()
            try:
                poll.register(self._end, select.POLLIN)
            except ValueError:  # closed: it was ended meanwhile
                return
            poll.poll(left * 1e3)

    def takes(self, memory: SharedMemory) -> None:
        """Let it have a memory, until that is gone. Raises OSError."""
        with self._lock:
            number = self._next
            try:
                self._ask(Memory(number), memory.descriptor)
            except OSError:
                if not self._uses:
                    self._stop()
                raise
            self._numbers[memory], self._next = number, number + 1
            self._uses += 1
        memory.when_gone(partial(self._is_gone, number))

    def number_of(self, memory: SharedMemory) -> int:
        """Its number for the process."""
        return self._numbers[memory]

    def _is_gone(self, number: int) -> None:
        with suppress(OSError), self._lock:
            self._ask(Memory(number, is_gone=True))
        self._is_unused()

    def _is_unused(self) -> None:
        with self._lock:
            self._uses -= 1
            if not self._uses:
                self._stop()

    def channel(self, connection: socket.socket, timeout: float) -> Channel:
        """Let the process use a connection, whose socket stays ours, too. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._ask(ServedConnection(timeout), connection.fileno(), theirs.fileno())
            except OSError:
                ours.close()
                raise
        return Channel(ours, self)

    def encrypts(
        self, connection: socket.socket, server: Server, seconds: float
    ) -> EncryptedChannel:
        """Have TLS begin on a connection, within `seconds`. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        clear, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs, far:
            asked = ServedConnection(server.timeout, Handshake.of(server, seconds))
            try:
                with self._lock:
                    self._ask(asked, *(s.fileno() for s in (connection, theirs, far)))
                    self._uses += 1
            except OSError:
                ours.close()
                clear.close()
                raise
        return EncryptedChannel(ours, self, clear, server.timeout, self._is_unused)

    def _ask(self, question: Memory | ServedConnection | NoMore, *descriptors: int) -> None:
        with self._lock:
            if self.is_over:
                raise ConnectionError
            try:
                socket.send_fds(self._end, [pickle.dumps(question)], descriptors)
            except OSError:
                self.is_over = True
                raise

    def failed(self) -> None:
        """It did not answer: ask it no more."""
        self.is_over = True

    def _stop(self) -> None:
        """End the process; does not wait for it."""
        with suppress(OSError):
            self._ask(NoMore())
        self.is_over = True
        self._end.close()
        name = "ending a sender"
        self._ending = Thread(target=ended, args=(self._process,), name=name, daemon=True)
        self._ending.start()

    def await_end(self) -> None:
        """Return when the process has ended, if nothing uses it any more. Blocking."""
        if self._ending is not None:
            self._ending.join()


class Use(NamedTuple):
    """A process that can send what is in a memory."""

    sender: Sender
    memory: int
    """The memory's number."""


class Senders:
    """The process that sends, as long as there is one. From any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sender: Sender | None = None
        self._of: WeakKeyDictionary[SharedMemory, Sender | None] = WeakKeyDictionary()

    def expect(self, memory: SharedMemory) -> Sender | None:
        """Be ready for articles that are in a memory; None if no process can send them.

        A process that has died is not started again for the same memory.
        """
        with self._lock:
            if memory not in self._of:
                self._of[memory] = None
                with suppress(OSError):  # the lanes send themselves
                    if self._sender is None or self._sender.is_over:
                        self._sender = Sender()
                    self._sender.takes(memory)
                    self._of[memory] = self._sender
            return self._of[memory]

    def of(self, memory: SharedMemory) -> Use | None:
        """What can send from a memory now."""
        sender = self.expect(memory)
        if sender is None or not sender.is_ready:
            return None
        return Use(sender, sender.number_of(memory))

    @property
    def is_ready(self) -> bool:
        """Whether there is a process that can be asked now."""
        sender = self._sender
        return sender is not None and sender.is_ready

    def await_end(self) -> None:
        """Return when the process has ended, if nothing uses it any more. Blocking."""
        if self._sender is not None:
            self._sender.await_end()

    def running(self) -> Sender | None:
        """The process, if there is one; waits a moment for one that starts. Blocking."""
        sender = self._sender
        if sender is None:
            return None
        sender.await_start(_START)
        return sender if sender.is_ready else None
