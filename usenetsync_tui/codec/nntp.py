"""NNTP as a conversation without I/O (RFC 3977; AUTHINFO 4643; STARTTLS 4642 and 8143).

Knows how command lines and replies are written, which command may be sent when, and where
each reply leads. Refuses to know sockets, time, and what a refusal means (`answers`).

Theory of operation. A `Conversation` is in one `State`, and owes itself the replies to the
commands it has sent, oldest first. `command()` gives the bytes of a line and notes the reply
that is due; `receive()` takes a reply line, gives it to the oldest command and moves on:

    CONNECTED --200/201--> GREETED --MODE READER, any answer--> READY
    GREETED --STARTTLS, 382--> SECURING --secured()--> GREETED
    READY --AUTHINFO USER, 381--> PASSWORD --AUTHINFO PASS, any answer--> READY
    READY --POST, 340--> POSTING --article(), any answer--> READY
    any state --400, or QUIT--> CLOSED

The rules:

* A command not in `_RULES` for the state is a mistake of ours: `ValueError`, nothing is sent.
* Only commands that cannot change the state (STAT, BODY, DATE) may be under way together
  (RFC 3977 section 3.5); all others travel alone.
* A reply nobody waits for, or a success of something else, is the server's mistake:
  `ProtocolError`. Better a lost connection than the answer to another article's question.
* 480 changes no state: log in and ask again. MODE READER stays allowed, for servers that
  want the login first.
* What CAPABILITIES said is forgotten after STARTTLS, MODE READER and a login.
* After an error of either kind the conversation is of no further use.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from usenetsync_tui.errors import ProtocolError

MAX_COMMAND = 512
"""Octets of a command line, CRLF included (RFC 3977 section 3.1)."""

MAX_LINE = 4_096
"""Octets of a reply line we read; the RFC allows 512, some servers are talkative."""

MAX_CAPABILITIES = 1_000
"""Lines of a CAPABILITIES answer we read."""

MESSAGE_ID = re.compile(r"[!-;=?-~]{1,248}")
"""What may stand between the angle brackets (RFC 3977 section 3.6)."""


class Verb(Enum):
    """A thing that is answered with a reply."""

    GREETING = "(greeting)"
    ARTICLE = "(article)"
    CAPABILITIES = "CAPABILITIES"
    MODE_READER = "MODE READER"
    STARTTLS = "STARTTLS"
    AUTHINFO_USER = "AUTHINFO USER"
    AUTHINFO_PASS = "AUTHINFO PASS"
    DATE = "DATE"
    POST = "POST"
    STAT = "STAT"
    BODY = "BODY"
    QUIT = "QUIT"


class State(Enum):
    """Where the conversation stands."""

    CONNECTED = auto()
    GREETED = auto()
    SECURING = auto()
    READY = auto()
    PASSWORD = auto()
    POSTING = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply line. `text` is fit for a screen: what cannot be printed is escaped."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


_OTHER = 0
_RULES: dict[tuple[State, Verb], dict[int, State]] = {
    (State.CONNECTED, Verb.GREETING): {
        200: State.GREETED,
        201: State.GREETED,
        _OTHER: State.CLOSED,
    },
    (State.GREETED, Verb.CAPABILITIES): {_OTHER: State.GREETED},
    (State.GREETED, Verb.STARTTLS): {382: State.SECURING, _OTHER: State.GREETED},
    (State.GREETED, Verb.MODE_READER): {_OTHER: State.READY},
    (State.GREETED, Verb.QUIT): {_OTHER: State.CLOSED},
    (State.READY, Verb.CAPABILITIES): {_OTHER: State.READY},
    (State.READY, Verb.MODE_READER): {_OTHER: State.READY},
    (State.READY, Verb.AUTHINFO_USER): {381: State.PASSWORD, _OTHER: State.READY},
    (State.PASSWORD, Verb.AUTHINFO_PASS): {_OTHER: State.READY},
    (State.READY, Verb.DATE): {_OTHER: State.READY},
    (State.READY, Verb.STAT): {_OTHER: State.READY},
    (State.READY, Verb.BODY): {_OTHER: State.READY},
    (State.READY, Verb.POST): {340: State.POSTING, _OTHER: State.READY},
    (State.POSTING, Verb.ARTICLE): {_OTHER: State.READY},
    (State.READY, Verb.QUIT): {_OTHER: State.CLOSED},
}
RULES = MappingProxyType(_RULES)

_SUCCESS = {
    Verb.DATE: 111,
    Verb.BODY: 222,
    Verb.STAT: 223,
    Verb.ARTICLE: 240,
    Verb.POST: 340,
}
"""The only reply below 400 there is: another one answers something else, we are out of step."""

_TOGETHER = frozenset({Verb.STAT, Verb.BODY, Verb.DATE})
_FORGETS = frozenset({Verb.STARTTLS, Verb.MODE_READER, Verb.AUTHINFO_USER, Verb.AUTHINFO_PASS})


class Conversation:
    """One connection's talk, from the greeting on."""

    def __init__(self) -> None:
        self.state = State.CONNECTED
        self.posting_allowed = False
        """What the last 200 or 201 said."""
        self.capabilities: dict[str, tuple[str, ...]] | None = None
        """Label → arguments; None when unknown, not asked yet, or not true any more."""
        self._due: deque[Verb] = deque([Verb.GREETING])

    @property
    def due(self) -> int:
        """Replies under way."""
        return len(self._due)

    def command(self, verb: Verb, argument: str = "") -> bytes:
        """The line to send. `ValueError` when it may not be sent now, or not like this."""
        if verb in (Verb.GREETING, Verb.ARTICLE):
            raise ValueError(f"{verb.value} is not a command")
        line = command_line(verb, argument)
        self._expect(verb)
        return line

    def article(self) -> None:
        """The article's bytes begin to go out; its reply is due."""
        self._expect(Verb.ARTICLE)

    def secured(self) -> None:
        """The TLS handshake that followed 382 is done (RFC 4642 section 2.2.2)."""
        if self.state is not State.SECURING:
            raise ValueError("no STARTTLS is under way")
        self.state = State.GREETED

    def receive(self, line: bytes) -> Reply:
        """The reply in a line; the conversation moves on. `ProtocolError` for nonsense."""
        reply = parse_reply(line)
        if not self._due:
            self.state = State.CLOSED
            raise ProtocolError(f"it says {str(reply)!r} without being asked")
        verb = self._due.popleft()
        if reply.code < 400 and reply.code != _SUCCESS.get(verb, reply.code):
            self.state = State.CLOSED
            raise ProtocolError(f"it answers {verb.value} with {str(reply)!r}")
        leads = _RULES[self.state, verb]
        self.state = State.CLOSED if reply.code == 400 else leads.get(reply.code, leads[_OTHER])
        if verb in (Verb.GREETING, Verb.MODE_READER) and reply.code in (200, 201):
            self.posting_allowed = reply.code == 200
        if verb in _FORGETS:
            self.capabilities = None
        return reply

    def _expect(self, verb: Verb) -> None:
        if (self.state, verb) not in _RULES:
            raise ValueError(f"{verb.value} may not be sent in state {self.state.name}")
        if self._due and not (verb in _TOGETHER and _TOGETHER.issuperset(self._due)):
            raise ValueError(
                f"{verb.value} may not be sent before {self._due[0].value} is answered"
            )
        self._due.append(verb)


def command_line(verb: Verb, argument: str = "") -> bytes:
    """A command as it goes over the wire, CRLF included.

    `ValueError` for CR, LF or NUL, for more than 512 octets, and for a Message-ID that is
    none; the message never holds the argument, which may be a password.
    """
    if verb in (Verb.STAT, Verb.BODY):
        if not MESSAGE_ID.fullmatch(argument):
            raise ValueError(f"{verb.value} wants a Message-ID")
        argument = f"<{argument}>"
    line = f"{verb.value} {argument}".rstrip(" ") if not argument else f"{verb.value} {argument}"
    if any(c in line for c in "\r\n\0"):
        raise ValueError(f"the argument of {verb.value} holds CR, LF or NUL")
    try:
        octets = line.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the argument of {verb.value} is not text") from None
    if len(octets) + 2 > MAX_COMMAND:
        raise ValueError(f"{verb.value} with its argument is longer than {MAX_COMMAND} octets")
    return octets + b"\r\n"


def parse_reply(line: bytes) -> Reply:
    """A reply line without its line end (RFC 3977 section 3.2); a bare code will do."""
    code, rest = line[:3], line[3:]
    if not (len(code) == 3 and code.isdigit() and b"100" <= code <= b"599"):
        raise ProtocolError(f"its answer is {printable(line[:80])!r}")
    if rest and rest[:1] not in b" \t":
        raise ProtocolError(f"its answer is {printable(line[:80])!r}")
    return Reply(int(code), printable(rest.strip()))


def printable(octets: bytes) -> str:
    """Bytes of a server, fit for a screen."""
    text = octets.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def parse_capabilities(lines: Iterable[bytes]) -> dict[str, tuple[str, ...]]:
    """Label → arguments of a CAPABILITIES answer (RFC 3977 section 5.2), all in upper case."""
    found = {}
    for line in lines:
        words = printable(line).upper().split()
        if words:
            found[words[0]] = tuple(words[1:])
    return found


class Lines:
    """Cuts what a server sends into lines; gives the rest back for bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self._buffer += data

    def line(self) -> bytes | None:
        """The next line without its end, None while it is not whole.

        A lone LF ends a line too. `ProtocolError` when it grows past `MAX_LINE`.
        """
        end = self._buffer.find(b"\n", 0, MAX_LINE)
        if end < 0:
            if len(self._buffer) >= MAX_LINE:
                raise ProtocolError(f"a line of it is longer than {MAX_LINE} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def rest(self) -> bytes:
        """Everything that was received and not taken yet."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


class MultiLine:
    """The lines that follow a reply, up to the lone dot (RFC 3977 section 3.1.1)."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.done = False

    def add(self, line: bytes) -> None:
        """One line; `ProtocolError` when there are more than any server has to say."""
        if line == b".":
            self.done = True
            return
        if len(self.lines) >= MAX_CAPABILITIES:
            raise ProtocolError("its list of capabilities has no end")
        self.lines.append(line.removeprefix(b"."))
