"""A news server that takes every article and throws it away: never the bottleneck.

Run ``python tests/benchmarks/sink.py [--port N] [--tls PEM] [--delay SECONDS]``. It prints one
JSON line when it listens (its port), and one when SIGTERM ends it: connections, articles, their
bytes, the seconds from the first POST to the last answer, its CPU seconds.

``--delay`` is how long every answer is on its way, one round trip: what ``tc netem`` would do
where the kernel has it. Answers to commands that came together are on their way together.

A process a connection, so that no lock is between them. An article's end is looked for at the
end of what has come only, as a client waits for the answer there (RFC 3977, 6.3.1: POST is not
pipelined); the buffer is small enough to stay in the processor's cache. Under TLS decrypting is
work that a real server would not do on this machine: it is taken from all clients alike.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import signal
import socket
import ssl
import struct
import time
from itertools import count

END = b"\r\n.\r\n"
BUFFER = 1 << 17
MAX_CONNECTIONS = 4_096
_SLOT = struct.Struct("QQdd")
"""Articles, their bytes, when the first was asked for and the last one answered."""
_ANSWERS = {
    b"POST": b"340 Go ahead\r\n",
    b"CAPABILITIES": b"101 Here\r\nVERSION 2\r\nREADER\r\nPOST\r\nAUTHINFO USER\r\n.\r\n",
    b"MODE": b"200 Posting allowed\r\n",
    b"STAT": b"430 Thrown away\r\n",
    b"QUIT": b"205 Bye\r\n",
}
_LOGIN = {b"USER": b"381 And the password\r\n", b"PASS": b"281 Welcome\r\n"}


def article(connection: socket.socket, buffer: bytearray) -> int:
    """Read one article to its end; returns its bytes, 0 when the client is gone."""
    size, tail = 0, b""
    while tail != END:
        if not (got := connection.recv_into(buffer)):
            return 0
        size += got
        tail = (tail + buffer[max(0, got - len(END)) : got])[-len(END) :]
    return size


def serve(connection: socket.socket, delay: float, counts: memoryview) -> None:
    """Answer until the client leaves; `counts` gets the articles and their bytes."""

    def answer(reply: bytes) -> None:
        time.sleep(delay)
        connection.sendall(reply)

    articles, size, first = 0, 0, 0.0
    buffer, pending = bytearray(BUFFER), b""
    answer(b"200 sink ready, posting allowed\r\n")
    while received := connection.recv(4_096):
        asked = time.monotonic()
        *lines, pending = (pending + received).split(b"\r\n")
        answer(b"".join(map(reply_to, lines)))
        if lines and lines[-1].upper() == b"POST":
            first = first or asked
            if not (got := article(connection, buffer)):
                return
            articles, size = articles + 1, size + got
            answer(b"240 Article received\r\n")
            _SLOT.pack_into(counts, 0, articles, size, first, time.monotonic())
        elif b"QUIT" in lines:
            return


def reply_to(line: bytes) -> bytes:
    """The answer to a command that is not an article."""
    word, _, rest = line.upper().partition(b" ")
    if word == b"AUTHINFO":
        return _LOGIN.get(rest.partition(b" ")[0], b"501 What?\r\n")
    if word == b"DATE":
        return time.strftime("111 %Y%m%d%H%M%S\r\n", time.gmtime()).encode()
    return _ANSWERS.get(word, b"500 What?\r\n")


def child(
    accepted: socket.socket, context: ssl.SSLContext | None, delay: float, counts: memoryview
) -> None:
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with accepted:
        try:
            if context is not None:
                with context.wrap_socket(accepted, server_side=True) as encrypted:
                    serve(encrypted, delay, counts)
            else:
                serve(accepted, delay, counts)
        except (ConnectionError, ssl.SSLError):
            pass  # the client broke off


def say(**facts: float) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--tls", metavar="PEM", help="certificate and key: TLS from the start")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds of every answer")
    args = parser.parse_args()
    context = None
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.tls)
    shared = mmap.mmap(-1, MAX_CONNECTIONS * _SLOT.size)
    counts = memoryview(shared)
    children: list[int] = []

    def stop(*_: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    with socket.create_server(("127.0.0.1", args.port), backlog=256) as listener:
        try:
            say(port=listener.getsockname()[1])
            for number in count():
                accepted, _ = listener.accept()
                slot = number % MAX_CONNECTIONS * _SLOT.size
                if not (pid := os.fork()):
                    signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    listener.close()
                    child(accepted, context, args.delay, counts[slot : slot + _SLOT.size])
                    os._exit(0)
                children.append(pid)
                accepted.close()
        except (SystemExit, KeyboardInterrupt):
            end(children, counts)


def end(children: list[int], counts: memoryview) -> None:
    """Stop the connections that are left, and tell what there was."""
    for pid in children:
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
    used = [slot for slot in _SLOT.iter_unpack(counts) if slot[0]]
    began = min((first for _, _, first, _ in used), default=0.0)
    ended = max((last for *_, last in used), default=0.0)
    times = os.times()
    say(
        connections=len(children),
        articles=sum(articles for articles, *_ in used),
        bytes=sum(size for _, size, *_ in used),
        seconds=round(ended - began, 3),
        cpu_seconds=round(sum(times[:4]), 3),
    )


if __name__ == "__main__":
    main()
