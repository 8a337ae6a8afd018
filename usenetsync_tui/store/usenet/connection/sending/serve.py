"""What a process runs that sends articles for lanes: ``python -m`` this, with descriptors.

Arguments: one end of a socket pair, and the shared memory. Each packet brings a connection and the
channel of its lane; a thread serves them until the channel closes. The process ends at once when
the other end of the first socket closes, as it does when the upload dies: no article leaves after
it. Refuses to know TLS, logins and what an answer means.
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
from threading import Thread

from usenetsync_tui.store.usenet.connection.pace import Pace, timed_out
from usenetsync_tui.store.usenet.connection.sending.messages import (
    LONGEST,
    Burst,
    Carried,
    SharedArticle,
)
from usenetsync_tui.store.usenet.connection.signals import error_words
from usenetsync_tui.store.usenet.connection.wire import CLOSED, OF_LINES, PlainWire

_POST = b"POST\r\n"


def main(control: int, memory: int) -> None:
    """Serve lanes until the upload closes its end."""
    gc.freeze()
    with socket.socket(fileno=control) as mine, mmap.mmap(memory, 0, prot=mmap.PROT_READ) as shared:
        bodies = memoryview(shared)
        mine.send(b"ready")
        while True:
            message, files, _, _ = socket.recv_fds(mine, LONGEST, 2)
            if not message:
                os._exit(0)  # with the threads, wherever they are
            Thread(target=_serve, args=(*files, float(message), bodies), daemon=True).start()


def _serve(connection: int, channel: int, timeout: float, bodies: memoryview) -> None:
    with socket.socket(fileno=connection) as sock, socket.socket(fileno=channel) as lane:
        wire = PlainWire(sock, timeout)
        try:
            while question := lane.recv(LONGEST):
                burst = Burst._make(pickle.loads(question))
                lane.send(pickle.dumps(tuple(_send(wire, burst, bodies))))
        except ConnectionError:
            return  # the lane has closed its connection


def _send(wire: PlainWire, burst: Burst, bodies: memoryview) -> Carried:
    """Post articles until one needs thought."""
    pace = burst.timeout, burst.lowest, burst.window
    latency = 0.0
    for number, wanted in enumerate(burst.articles):
        article, begun, received = SharedArticle._make(wanted), False, b""
        try:
            wire.send((_POST,), Pace(*pace))
            received = _answer(wire, burst.answer_within)
            if received[:4] != b"340 " or not _is_one_line(received):
                return Carried(number, begun, True, received)
            begun = True
            body = bodies[article.offset : article.offset + article.size]
            wire.send((article.head, body, article.tail), Pace(*pace))
            since = time.monotonic()
            received = _answer(wire, burst.answer_within)
            latency = time.monotonic() - since
            if not _is_plain_yes(received, article.wire_id):
                return Carried(number, begun, True, received, "", latency)
        except OSError as error:
            return Carried(number, begun, True, b"", error_words(error))
    return Carried(len(burst.articles), latency=latency)


def _answer(wire: PlainWire, seconds: float) -> bytes:
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
    main(int(sys.argv[1]), int(sys.argv[2]))
