"""What a process runs that sends articles for lanes: ``python -m`` this, with a descriptor.

Argument: one end of a socket pair. Each packet brings a memory, says that it is gone, or brings a
connection and the channel of its lane; a thread serves them until the channel closes. The process
ends after a last message (`NoMore`), and at once when the other end of the first socket closes, as
it does when the upload dies: no article leaves after it. Refuses to know logins and what an answer
means.
"""

from __future__ import annotations

import gc
import mmap
import os
import pickle
import signal
import socket
import sys
import time
from threading import Condition, Thread

from usenetsync_tui.store.usenet.connection.pace import Pace, timed_out
from usenetsync_tui.store.usenet.connection.sending.encrypted import Contexts, Encrypted
from usenetsync_tui.store.usenet.connection.sending.messages import (
    LONGEST,
    Burst,
    Carried,
    Memory,
    NoMore,
    ServedConnection,
    SharedArticle,
)
from usenetsync_tui.store.usenet.connection.signals import error_words
from usenetsync_tui.store.usenet.connection.wire import CLOSED, OF_LINES, PlainWire, Wire

_POST = b"POST\r\n"
_GOODBYE = 1.0
"""Most seconds that the last words of all lanes take."""


class SharedBodies:
    """The memories, by their numbers."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._of: dict[int, memoryview] = {}

    def brought(self, memory: Memory, descriptors: list[int]) -> None:
        """Map one, or let go of one. Raises OSError."""
        with self._changed:
            if memory.is_gone:
                del self._of[memory.number]
                return
            (descriptor,) = descriptors
            self._of[memory.number] = memoryview(mmap.mmap(descriptor, 0, prot=mmap.PROT_READ))
            os.close(descriptor)
            self._changed.notify_all()

    def of(self, article: SharedArticle) -> memoryview:
        """The body of an article. Its memory may still be on its way to us."""
        with self._changed:
            self._changed.wait_for(lambda: article.memory in self._of)
            return self._of[article.memory][article.offset : article.offset + article.size]


class Service:
    """Serves lanes."""

    def __init__(self) -> None:
        self._bodies = SharedBodies()
        self._contexts = Contexts()
        self._lanes: list[Thread] = []

    def run(self, control: socket.socket) -> None:
        """Until the other end of the socket closes."""
        control.send(b"ready")
        while True:
            message, files, _, _ = socket.recv_fds(control, LONGEST, 3)
            asked: Memory | ServedConnection | NoMore = (
                pickle.loads(message) if message else NoMore()
            )
            if isinstance(asked, NoMore):
                if message:
                    self._finish()
                os._exit(0)  # with the threads, wherever they are
            if isinstance(asked, Memory):
                self._bodies.brought(asked, files)
                continue
            serve = self._serve if asked.handshake is None else self._serve_encrypted
            lane = Thread(target=serve, args=(asked, *files), daemon=True)
            self._lanes = [*filter(Thread.is_alive, self._lanes), lane]
            lane.start()

    def _finish(self) -> None:
        until = time.monotonic() + _GOODBYE
        for lane in self._lanes:
            lane.join(max(0.0, until - time.monotonic()))

    def _serve(self, asked: ServedConnection, connection: int, channel: int) -> None:
        with socket.socket(fileno=connection) as sock, socket.socket(fileno=channel) as lane:
            wire = PlainWire(sock, asked.timeout)
            try:
                while question := lane.recv(LONGEST):
                    lane.send(self._answer(wire, question))
            except ConnectionError:
                return  # the lane has closed its connection

    def _serve_encrypted(
        self, asked: ServedConnection, connection: int, channel: int, traffic: int
    ) -> None:
        with (
            socket.socket(fileno=connection) as sock,
            socket.socket(fileno=channel) as lane,
            socket.socket(fileno=traffic) as clear,
        ):
            assert asked.handshake is not None
            encrypted = Encrypted(PlainWire(sock, asked.timeout), lane, clear)
            try:
                encrypted.run(self._contexts, asked.handshake, self._answer)
            except ConnectionError:
                return

    def _answer(self, wire: Wire, question: bytes) -> bytes:
        burst = Burst._make(pickle.loads(question))
        return pickle.dumps(tuple(_send(wire, burst, self._bodies)))


def _send(wire: Wire, burst: Burst, bodies: SharedBodies) -> Carried:
    """Post articles until one needs thought."""
    pace = burst.timeout, burst.lowest, burst.window
    latency = 0.0
    for number, wanted in enumerate(burst.articles):
        article, begun, received = SharedArticle._make(wanted), False, b""
        try:
            wire.send((_POST,), Pace(*pace))
            received = _reply(wire, burst.answer_within)
            if received[:4] != b"340 " or not _is_one_line(received):
                return Carried(number, begun, True, received)
            begun = True
            wire.send((article.head, bodies.of(article), article.tail), Pace(*pace))
            since = time.monotonic()
            received = _reply(wire, burst.answer_within)
            latency = time.monotonic() - since
            if not _is_plain_yes(received, article.wire_id):
                return Carried(number, begun, True, received, "", latency)
        except OSError as error:
            return Carried(number, begun, True, b"", error_words(error))
    return Carried(len(burst.articles), latency=latency)


def _reply(wire: Wire, seconds: float) -> bytes:
    """What the server says next: a whole line at least, unless that would be very long."""
    received, deadline = b"", time.monotonic() + seconds
    while b"\n" not in received and len(received) < OF_LINES:
        left = deadline - time.monotonic()
        if left <= 0:
            raise timed_out(seconds)
        try:
            more = wire.receive(Pace(left, 0, left), OF_LINES)
        except TimeoutError as late:
            raise timed_out(seconds) from late
        if not more:
            raise ConnectionError(CLOSED)
        received += more
    return received


def _is_one_line(received: bytes) -> bool:
    return received.find(b"\n") == len(received) - 1


def _is_plain_yes(received: bytes, wire_id: bytes) -> bool:
    """Whether an article was taken, and under no other name that the answer tells."""
    if received[:4] not in (b"240 ", b"240\r", b"240\n") or not _is_one_line(received):
        return False
    named = received.count(b"<")
    return named == 0 or (named == 1 and b"<" + wire_id + b">" in received)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for the upload, which then ends this
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as end:
        Service().run(end)
