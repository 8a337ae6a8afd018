"""A process that sends articles, and the channels on which lanes ask it to.

One process for each shared memory, started when the first lane has an article from there and ended
when nobody holds the memory any more. What it cannot do the lanes do themselves. Refuses to know
what an answer leads to (`connection`).
"""

from __future__ import annotations

import pickle
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Thread
from weakref import WeakKeyDictionary

from usenetsync_tui.helper_process import ended, started
from usenetsync_tui.model.segments import SharedMemory
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.sending import serve
from usenetsync_tui.store.usenet.connection.sending.messages import (
    LONGEST,
    Burst,
    Carried,
    SharedArticle,
)


class Sender:
    """One process, and our end of its socket. From any thread."""

    def __init__(self, memory: SharedMemory) -> None:
        """Start it; it is not ready at once. Raises OSError."""
        self._end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = other.fileno(), memory.descriptor
        try:
            self._process: subprocess.Popen[bytes] = started(
                serve.__name__, *map(str, words), descriptors=words
            )
        except BaseException:
            self._end.close()
            raise
        finally:
            other.close()
        self._is_ready = self._is_over = False
        memory.when_gone(self.end)

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked now."""
        if not self._is_ready and not self._is_over:
            try:
                self._is_ready = bool(self._end.recv(LONGEST, socket.MSG_DONTWAIT))
                self._is_over = not self._is_ready
            except BlockingIOError:
                pass  # it still starts
            except OSError:
                self._is_over = True
        return self._is_ready and not self._is_over

    def channel(self, connection: socket.socket, timeout: float) -> Channel:
        """Let the process use a connection, whose socket stays ours, too. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                files = [connection.fileno(), theirs.fileno()]
                socket.send_fds(self._end, [repr(timeout).encode()], files)
            except OSError:
                self._is_over = True
                ours.close()
                raise
        return Channel(ours, self)

    def failed(self) -> None:
        """It did not answer: ask it no more."""
        self._is_over = True

    def end(self) -> None:
        """End the process; does not wait for it."""
        self._is_over = True
        self._end.close()
        Thread(target=ended, args=(self._process,), name="ending a sender", daemon=True).start()


class Channel:
    """A connection that a sender uses when it is asked to."""

    def __init__(self, end: socket.socket, sender: Sender) -> None:
        self._end = end
        self.sender = sender

    def send(
        self, articles: Sequence[SharedArticle], pace: Pace, answer_within: float
    ) -> Carried | None:
        """Have articles sent; None if the process has died and nobody knows how far it came."""
        asked = [(a.offset, a.size, a.head, a.tail, a.wire_id) for a in articles]
        burst = Burst(pace.timeout, pace.lowest, pace.window, answer_within, asked)
        try:
            self._end.send(pickle.dumps(tuple(burst), pickle.HIGHEST_PROTOCOL))
            answer = self._end.recv(LONGEST)
        except OSError:
            answer = b""
        if not answer:
            self.sender.failed()
            return None
        return Carried._make(pickle.loads(answer))

    def abort(self) -> None:
        """Wake a lane that waits for an answer."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take the connection back."""
        self._end.close()


class Senders:
    """The processes of all memories. From any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: WeakKeyDictionary[SharedMemory, Sender | None] = WeakKeyDictionary()

    def of(self, memory: SharedMemory) -> Sender | None:
        """The process of a memory, started if there is none; None if it cannot be asked now."""
        with self._lock:
            if memory not in self._of:
                self._of[memory] = None
                with suppress(OSError):  # the lanes send themselves
                    self._of[memory] = Sender(memory)
            sender = self._of[memory]
        return sender if sender is not None and sender.is_ready else None
