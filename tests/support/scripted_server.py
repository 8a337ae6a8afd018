"""An NNTP server on a real socket that does what a test scripts, even what no server should do.

It stores articles like a server, and fails like one:

    with ScriptedServer() as server:
        server.script(Fault.drop_after_body(keep=True))
        ...
        assert server.posted == [...]

A `Fault` applies to the first matching exchange, on any connection, and only to that. Lasting
behaviour is an attribute (`greeting`, `stat_delay`, `poisoned`…), which a test may change while the
server runs.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

_ID = re.compile(rb"^message-id:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """`on`: a command's first word, alone or with a Message-ID (``STAT a@b``), ``connect``,
    ``in-body`` or ``article`` (its end)."""

    on: str
    reply: str | None = None
    """Sent instead of the usual reply; None: no reply."""
    keep: bool = False
    """The article is stored all the same."""
    close: bool = False
    """The server closes the connection afterwards."""
    reset: bool = False
    """The server resets the connection afterwards: unread data is lost."""
    silent: bool = False
    """The server never answers; the connection stays open."""
    raw: bytes = b""
    """Sent unchanged."""
    surplus: bytes = b""
    """Sent before the usual reply."""
    flood: bytes = b""
    """Sent for ever."""
    times: int = 1
    wait: float = 0.0
    after: int = 0
    """So many exchanges go right first."""

    @staticmethod
    def drop_before_340() -> Fault:
        return Fault("POST", close=True)

    @staticmethod
    def drop_in_body() -> Fault:
        return Fault("in-body", close=True)

    @staticmethod
    def drop_after_body(*, keep: bool) -> Fault:
        return Fault("article", keep=keep, close=True)

    @staticmethod
    def duplicate(*, keep: bool, reply: str = "441 435 Duplicate") -> Fault:
        """Answers that it already had the article, which it stores only now, or not at all."""
        return Fault("article", reply=reply, keep=keep)

    @staticmethod
    def other_id(wire_id: str) -> Fault:
        """Stores the article under another name and reports that name."""
        return Fault("article", reply=f"240 Article received <{wire_id}>", keep=True)

    @staticmethod
    def session_over_in_body() -> Fault:
        return Fault("in-body", reply="400 Service discontinued", close=True)

    @staticmethod
    def never_answers(on: str, *, keep: bool = False) -> Fault:
        return Fault(on, silent=True, keep=keep)

    @staticmethod
    def login_needed(on: str) -> Fault:
        return Fault(on, reply="480 Authentication required")

    @staticmethod
    def garbage(on: str, *, keep: bool = False) -> Fault:
        return Fault(on, raw=b"\xff\x00\x07 what?\r\n", keep=keep)

    @staticmethod
    def endless_body(wire_id: str) -> Fault:
        """An article without an end."""
        return Fault(f"BODY {wire_id}", reply=f"222 0 <{wire_id}>", flood=b"x" * 120 + b"\r\n")

    @staticmethod
    def endless(on: str) -> Fault:
        """A line without an end."""
        return Fault(on, raw=b"2" * 100_000)


class _Gone(Exception):
    """Raised to close the connection."""


class ScriptedServer:
    """Listens on 127.0.0.1 while the block runs."""

    def __init__(
        self,
        *,
        faults: Sequence[Fault] = (),
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        limit: int | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.articles: dict[str, bytes] = {}
        """Message-ID without brackets → the article as posted, not dot-stuffed."""
        self.posted: list[str] = []
        """The Message-ID of each stored article, whatever the reply was."""
        self.commands: Counter[str] = Counter()
        """How often each command (its first word) arrived."""
        self.connections = 0
        """Connections in all so far."""
        self.most_open = 0
        self.greeting = "200 Scripted, posting allowed"
        self.mode_reader = "200 Reader mode, posting allowed"
        self.capabilities: tuple[str, ...] | None = ("VERSION 2", "READER", "POST")
        """None: the server does not know the command."""
        self.stat_delay = 0.0
        """Seconds until an article becomes visible."""
        self.stat_answer = "223 0 <{}> retrieved"
        self.replies: dict[tuple[str, str], str] = {}
        """Fixed replies to commands about an article, by the first word and the Message-ID
        (``*``: any other): instead of the usual."""
        self.groups: set[str] | None = None
        """The newsgroups that exist; None: any. An article in none of them is refused."""
        self.surplus = ""
        """Sent after every reply to STAT."""
        self.body_answer = "222 0 <{}>"
        self.login_refused = "481 Authentication failed"
        """``{user}`` and ``{password}`` stand for the received ones."""
        self.refused_logins = 0
        self.poisoned: set[str] = set()
        """Message-IDs that are always duplicates and cannot be read."""
        self.limit = limit
        """Connections accepted at once."""
        self.limit_answer = "502 Too many connections"
        self.split = 0
        """Send in pieces of so many bytes."""
        self.latency = 0.0
        """Seconds before each answer."""
        self.drip = 0.0
        """Seconds between two bytes of a body, after its first line."""
        self.reads_slowly = False
        """The server reads articles at a few hundred bytes per second."""
        self.wants_group: frozenset[str] | None = None
        """Newsgroups that exist; if there are any, articles are found only in an entered group."""
        self.refuses: Callable[[bytes], str | None] = lambda article: None
        """The reply to an article instead of storing it."""
        self.clock = 0.0
        """Seconds by which its clock is ahead."""
        self._login = login
        self._tls = tls
        self._starttls = starttls
        self._faults = list(faults)
        self._seen_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def listen_at(self, host: str, port: int) -> ScriptedServer:
        """Another address of a server, on the same port."""
        self.host, self.port = host, port
        return self

    def __enter__(self) -> ScriptedServer:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, self.port), backlog=128, family=family)
        self.port = self._listener.getsockname()[1]
        self._closing.clear()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close everything. The server can be entered again, on the same port."""
        self._closing.set()
        _shut(self._listener)
        self._acceptor.join()
        self._listener.close()
        self.drop_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def drop_all(self) -> None:
        """Cut every connection."""
        with self._lock:
            for sock in self._open:
                _shut(sock)

    def script(self, *faults: Fault) -> None:
        """Add faults after those that still wait."""
        with self._lock:
            self._faults += faults

    def forget(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    @property
    def waiting(self) -> list[Fault]:
        """Faults that no exchange has used yet."""
        with self._lock:
            return list(self._faults)

    @property
    def open(self) -> int:
        """Connections open now."""
        with self._lock:
            return len(self._open)

    def break_all(self, last: bytes = b"") -> None:
        """Break every connection, after these bytes, which TLS does not see."""
        with self._lock:
            for sock in self._open:
                if last:
                    os.write(sock.fileno(), last)
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def keep(self, wire_id: str, article: bytes) -> None:
        """Store an article."""
        with self._lock:
            self.articles[wire_id] = article
            self.posted.append(wire_id)
            self._seen_at[wire_id] = time.monotonic() + self.stat_delay

    def fault(self, on: str) -> Fault | None:
        """The next fault for an exchange, which it uses up."""
        with self._lock:
            for i, fault in enumerate(self._faults):
                if fault.on == on:
                    if fault.after:
                        self._faults[i] = replace(fault, after=fault.after - 1)
                        continue
                    del self._faults[i]
                    if fault.times > 1:
                        self._faults.insert(i, replace(fault, times=fault.times - 1))
                    return fault
        return None

    def visible(self, wire_id: str) -> bool:
        """Whether STAT and BODY find it."""
        with self._lock:
            there = wire_id in self.articles and wire_id not in self.poisoned
            return there and time.monotonic() >= self._seen_at[wire_id]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(sock)
                self.most_open = max(self.most_open, len(self._open))
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        session = _Session(self, sock)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                session.secure(self._tls)
            session.serve()
        except (OSError, _Gone):
            pass
        finally:
            with self._lock:
                self._open.discard(session.sock)
                self._open.discard(sock)
            session.sock.close()

    def replace(self, old: socket.socket, new: socket.socket) -> None:
        """Replace a connection's socket by one with TLS."""
        with self._lock:
            self._open.discard(old)
            self._open.add(new)

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the server."""
        if self._closing.wait(seconds):
            raise _Gone


class _Session:
    """One connection."""

    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.buffer = bytearray()
        self.user = ""
        self.group = ""
        self.logged_in = server._login is None

    def secure(self, context: ssl.SSLContext) -> None:
        old = self.sock
        self.sock = context.wrap_socket(old, server_side=True, do_handshake_on_connect=False)
        self.server.replace(old, self.sock)
        self.sock.do_handshake()

    def serve(self) -> None:
        server = self.server
        if server.limit is not None and server.open > server.limit:
            self.say(server.limit_answer)
            raise _Gone
        if not self.goes_wrong("connect"):
            self.say(server.greeting)
        if server.greeting[:1] in "45":
            raise _Gone
        while True:
            line = self.line()
            word = line.split(" ", 1)[0].upper()
            server.commands[word] += 1
            if server.latency:
                server.wait(server.latency)
            named = f"{word} {line[5:].strip('<>')}"
            if not (self.goes_wrong(named) or self.goes_wrong(word)):
                self.answer(word, line)

    def answer(self, word: str, line: str) -> None:
        match word:
            case "CAPABILITIES" if self.server.capabilities is not None:
                self.say("101 Capability list:\r\n" + "\r\n".join((*self.server.capabilities, ".")))
            case "MODE":
                self.say(self.server.mode_reader)
            case "STARTTLS" if self.server._starttls is not None:
                self.say("382 Continue with TLS negotiation")
                self.secure(self.server._starttls)
            case "AUTHINFO":
                self.log_in(line)
            case "DATE":
                now = datetime.now(UTC) + timedelta(seconds=self.server.clock)
                self.say(f"111 {now:%Y%m%d%H%M%S}")
            case "GROUP" if self.server.wants_group is not None:
                self.enter(line[6:].strip())
            case "QUIT":
                self.say("205 Bye")
                raise _Gone
            case "POST" | "STAT" | "BODY" if not self.logged_in:
                self.say("480 Authentication required")
            case "STAT" | "BODY" if self.server.wants_group is not None and not self.group:
                self.say("412 No newsgroup selected")
            case "POST":
                self.say("340 Send it")
                self.take_article()
            case "STAT":
                self.stat(line[5:].strip("<>"))
            case "BODY":
                self.body(line[5:].strip("<>"))
            case "GROUP":
                groups, name = self.server.groups, line[6:]
                known = groups is None or name in groups
                self.say(f"211 0 0 0 {name}" if known else f"411 No such group {name}")
            case _:
                self.say("500 What?")

    def enter(self, group: str) -> None:
        if group not in (self.server.wants_group or ()):
            self.say("411 No such newsgroup")
            return
        self.group = group
        self.say(f"211 1 1 1 {group}")

    def log_in(self, line: str) -> None:
        kind, _, value = line.partition(" ")[2].partition(" ")
        if kind.upper() == "USER":
            self.user = value
            self.say("381 Password required")
        elif self.server._login in (None, (self.user, value)):
            self.logged_in = True
            self.say("281 Welcome")
        else:
            self.server.refused_logins += 1
            self.say(self.server.login_refused.format(user=self.user, password=value))

    def take_article(self) -> None:
        """RFC 3977 section 6.3.1, up to the lone dot."""
        looked = 0
        while True:
            end = self.buffer.find(b"\r\n.\r\n", max(0, looked - 4))
            if end >= 0:
                break
            looked = len(self.buffer)
            if self.server.reads_slowly:
                self.buffer += self.sock.recv(50)
                self.server.wait(0.1)
            else:
                self.receive()
            if len(self.buffer) > 2_000 and self.goes_wrong("in-body"):
                raise _Gone
        stuffed = bytes(self.buffer[: end + 2])
        del self.buffer[: end + 5]
        article = stuffed.replace(b"\r\n..", b"\r\n.")
        found = _ID.search(article)
        if found is None:
            self.say("441 No Message-ID")
            return
        self.judge(found[1].decode(), article)

    def judge(self, wire_id: str, article: bytes) -> None:
        server = self.server
        fault = server.fault("article")
        if fault is not None:
            adopted = re.search("^240.*<(.*)>", fault.reply or "")
            name = adopted[1] if adopted else wire_id
            if fault.keep and name not in server.articles:
                server.keep(name, article)
            if self.suffer(fault):
                return
        refusal = server.refuses(article)
        named = re.search(rb"^Newsgroups: (.*)\r$", article, re.MULTILINE)
        names = set(named[1].decode().split(",")) if named is not None else set()
        if refusal is None and server.groups is not None and not names & server.groups:
            refusal = "441 437 No valid newsgroups"
        if refusal is not None:
            self.say(refusal)
            return
        if wire_id in server.poisoned or wire_id in server.articles:
            self.say("441 435 Duplicate")
            return
        server.keep(wire_id, article)
        self.say(f"240 Article received <{wire_id}>")

    def stat(self, wire_id: str) -> None:
        server = self.server
        reply = server.replies.get(("STAT", wire_id), server.replies.get(("STAT", "*")))
        if reply is None:
            there = server.visible(wire_id)
            reply = server.stat_answer.format(wire_id) if there else "430 No such article"
        self.say(reply)
        if server.surplus:
            self.say(server.surplus)

    def body(self, wire_id: str) -> None:
        replies = self.server.replies
        reply = replies.get(("BODY", wire_id), replies.get(("BODY", "*")))
        if reply is not None:
            self.say(reply)
            return
        if not self.server.visible(wire_id):
            self.say("430 No such article")
            return
        _, body = self.server.articles[wire_id].split(b"\r\n\r\n", 1)
        stuffed = re.sub(rb"^\.", b"..", body, flags=re.MULTILINE)
        answer = self.server.body_answer.format(wire_id)
        if self.server.drip:
            self.say(answer)
            for i in range(len(stuffed)):
                self.sock.sendall(stuffed[i : i + 1])
                self.server.wait(self.server.drip)
            self.send(b".\r\n")
            return
        self.send(f"{answer}\r\n".encode() + stuffed + b".\r\n")

    def goes_wrong(self, on: str) -> bool:
        fault = self.server.fault(on)
        return fault is not None and self.suffer(fault)

    def suffer(self, fault: Fault) -> bool:
        """Whether a fault replaced the usual reply."""
        if fault.wait:
            self.server.wait(fault.wait)
        if fault.silent:
            while self.sock.recv(65_536):
                pass
            raise _Gone
        self.send(fault.surplus + fault.raw)
        if fault.reply is not None:
            self.say(fault.reply)
            self.logged_in = self.logged_in and not fault.reply.startswith("480")
        while fault.flood:
            self.send(fault.flood * 500)
        if fault.reset:
            linger = struct.pack("ii", 1, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if fault.close or fault.reset:
            raise _Gone
        return bool(fault.raw or fault.reply is not None)

    def say(self, text: str) -> None:
        self.send(text.encode() + b"\r\n")

    def send(self, data: bytes) -> None:
        if not self.server.split:
            self.sock.sendall(data)
            return
        for start in range(0, len(data), self.server.split):
            self.sock.sendall(data[start : start + self.server.split])

    def line(self) -> str:
        while (end := self.buffer.find(b"\r\n")) < 0:
            self.receive()
        line = self.buffer[:end].decode("utf-8", "replace")
        del self.buffer[: end + 2]
        return line

    def receive(self) -> None:
        data = self.sock.recv(262_144)
        if not data:
            raise _Gone
        self.buffer += data


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
