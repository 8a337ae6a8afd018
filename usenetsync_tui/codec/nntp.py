"""NNTP as a conversation without I/O (RFC 3977; AUTHINFO 4643; STARTTLS 4642 and 8143).

Knows the form of command lines and replies, which command is allowed in which state, and the
state after each reply. Refuses to know sockets, time, and what a refusal means (`answers`).

Theory of operation. A `Conversation` is in one `State`, and keeps a queue of the replies that are
due, oldest first. `command()` returns the bytes of a line and adds the reply that is due;
`receive()` takes a reply line, matches it with the oldest command and changes the state:

    CONNECTED --200/201--> GREETED --MODE READER, any answer; or reader()--> READY
    GREETED --STARTTLS, 382--> SECURING --secured()--> GREETED
    READY --AUTHINFO USER, 381--> PASSWORD --AUTHINFO PASS, any answer--> READY
    READY --POST, 340--> POSTING --article(), any answer--> READY
    any state --QUIT--> CLOSED

A 400 ends the session only if the server then closes the connection (RFC 3977 section 3.2.1):
some servers reply 400 to a command that they do not know.

The rules:

* A command that `_RULES` does not allow in the state is our bug: `ValueError`, nothing is sent.
* Only commands that cannot change the state (STAT, BODY, DATE, GROUP) may be pipelined (RFC 3977
  section 3.5); every other command waits for all replies.
* One answer concerns one article. When a reply comes that no command waits for, a success code of
  another command, a 223 or 222 that names another Message-ID, or an article's answer to DATE or
  GROUP, answers and questions are out of step: `OutOfStepError`. To lose the connection is better
  than to believe the answer to another article's question.
* 480 changes no state: log in and ask again. MODE READER stays allowed, for servers that
  require the login first.
* The capabilities are forgotten after STARTTLS, MODE READER and a login.
* After an error of either kind the conversation is not usable any more.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum, auto
from functools import lru_cache, partial
from types import MappingProxyType

from usenetsync_tui.codec.lines import printable
from usenetsync_tui.errors import OutOfStepError, ProtocolError
from usenetsync_tui.model.value_object import value_object

MAX_COMMAND = 512
"""Octets of a command line, CRLF included (RFC 3977 section 3.1)."""

MESSAGE_ID = re.compile(r"[!-;=?-~]{1,248}")
"""The text allowed between the angle brackets (RFC 3977 section 3.6)."""

_NAMED = re.compile(r"<([^<>\s]+)>")

Mask = Callable[[bytes], bytes]
"""Removes secrets from a server's reply (`masking`)."""


class NntpCommand(Enum):
    """A command; also the two other events that the server replies to."""

    __hash__ = object.__hash__  # `Enum` hashes the name, in Python, at each look-up

    GREETING = "(greeting)"
    ARTICLE = "(article)"
    CAPABILITIES = "CAPABILITIES"
    MODE_READER = "MODE READER"
    STARTTLS = "STARTTLS"
    AUTHINFO_USER = "AUTHINFO USER"
    AUTHINFO_PASS = "AUTHINFO PASS"
    DATE = "DATE"
    GROUP = "GROUP"
    POST = "POST"
    STAT = "STAT"
    BODY = "BODY"
    QUIT = "QUIT"


class State(Enum):
    """The state of a conversation."""

    __hash__ = object.__hash__

    CONNECTED = auto()
    GREETED = auto()
    SECURING = auto()
    READY = auto()
    PASSWORD = auto()
    POSTING = auto()
    CLOSED = auto()


@value_object
class Reply:
    """A reply line. `text` is safe for a screen and a log: escaped, and without secrets."""

    code: int
    text: str
    unmasked: str | None = field(default=None, repr=False, compare=False)
    """The text before masking, if it held a secret: only to interpret, never to show or store."""

    @property
    def said(self) -> str:
        """The text to interpret the reply by: never to show."""
        return self.text if self.unmasked is None else self.unmasked

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


_OTHER = 0
_RULES: dict[tuple[State, NntpCommand], dict[int, State]] = {
    (State.CONNECTED, NntpCommand.GREETING): {
        200: State.GREETED,
        201: State.GREETED,
        _OTHER: State.CLOSED,
    },
    (State.GREETED, NntpCommand.CAPABILITIES): {_OTHER: State.GREETED},
    (State.GREETED, NntpCommand.STARTTLS): {382: State.SECURING, _OTHER: State.GREETED},
    (State.GREETED, NntpCommand.MODE_READER): {_OTHER: State.READY},
    (State.GREETED, NntpCommand.QUIT): {_OTHER: State.CLOSED},
    (State.READY, NntpCommand.CAPABILITIES): {_OTHER: State.READY},
    (State.READY, NntpCommand.MODE_READER): {_OTHER: State.READY},
    (State.READY, NntpCommand.AUTHINFO_USER): {381: State.PASSWORD, _OTHER: State.READY},
    (State.PASSWORD, NntpCommand.AUTHINFO_PASS): {_OTHER: State.READY},
    (State.READY, NntpCommand.DATE): {_OTHER: State.READY},
    (State.READY, NntpCommand.GROUP): {_OTHER: State.READY},
    (State.READY, NntpCommand.STAT): {_OTHER: State.READY},
    (State.READY, NntpCommand.BODY): {_OTHER: State.READY},
    (State.READY, NntpCommand.POST): {340: State.POSTING, _OTHER: State.READY},
    (State.POSTING, NntpCommand.ARTICLE): {_OTHER: State.READY},
    (State.READY, NntpCommand.QUIT): {_OTHER: State.CLOSED},
}
RULES = MappingProxyType(_RULES)

_SUCCESS = {
    NntpCommand.DATE: 111,
    NntpCommand.GROUP: 211,
    NntpCommand.BODY: 222,
    NntpCommand.STAT: 223,
    NntpCommand.ARTICLE: 240,
    NntpCommand.POST: 340,
}
"""The only reply below 400 to each command: any other one is out of step."""

_BARE: dict[NntpCommand, bytes] = {
    verb: verb.value.encode() + b"\r\n"
    for verb in NntpCommand
    if verb not in (NntpCommand.GREETING, NntpCommand.ARTICLE, NntpCommand.STAT, NntpCommand.BODY)
}
"""The lines of commands without an argument."""
_REPEATED = 8
"""Different reply lines that a conversation remembers: a server repeats those to POST."""

_TOGETHER = frozenset({NntpCommand.STAT, NntpCommand.BODY, NntpCommand.DATE, NntpCommand.GROUP})
_PROOFS = frozenset({NntpCommand.DATE, NntpCommand.GROUP})
"""Their answers differ from all answers about articles: they prove that we are in step."""
_OF_ARTICLES = frozenset({420, 421, 422, 423, 451})
"""With 430 to 449: replies that can only be about an article."""
_FORGETS = frozenset(
    {
        NntpCommand.STARTTLS,
        NntpCommand.MODE_READER,
        NntpCommand.AUTHINFO_USER,
        NntpCommand.AUTHINFO_PASS,
    }
)


class Conversation:
    """The conversation on one connection, from the greeting on.

    One thread may send a command while another one takes a reply.
    """

    def __init__(self, mask: Mask = bytes) -> None:
        """`mask` removes secrets from everything that is shown of a reply."""
        self.state = State.CONNECTED
        self.posting_allowed = False
        """Whether the last greeting was 200 (posting allowed), not 201."""
        self.capabilities: dict[str, tuple[str, ...]] | None = None
        """Label → arguments; None when unknown, not asked yet, or no longer valid."""
        self._parsed = lru_cache(maxsize=_REPEATED)(partial(parse_reply, mask=mask))
        self._due: deque[tuple[NntpCommand, str]] = deque([(NntpCommand.GREETING, "")])
        self._lock = threading.Lock()

    @property
    def due(self) -> int:
        """The number of replies that are due."""
        return len(self._due)

    def command(self, verb: NntpCommand, argument: str = "") -> bytes:
        """The line to send. `ValueError` when the state or the argument does not allow it."""
        if verb in (NntpCommand.GREETING, NntpCommand.ARTICLE):
            raise ValueError(f"{verb.value} is not a command")
        line = None if argument else _BARE.get(verb)
        if line is None:
            line = command_line(verb, argument)
        self._expect(verb, argument)
        return line

    def article(self) -> None:
        """Record that the article's bytes are being sent; its reply is due."""
        self._expect(NntpCommand.ARTICLE)

    def secured(self) -> None:
        """Record that the TLS handshake after 382 is done (RFC 4642 section 2.2.2)."""
        if self.state is not State.SECURING:
            raise ValueError("no STARTTLS is under way")
        self.state = State.GREETED

    def reader(self) -> None:
        """Record that MODE READER is left out: most servers serve readers without it."""
        if self.state is not State.GREETED:
            raise ValueError(f"MODE READER cannot be left out in state {self.state.name}")
        self.state = State.READY

    def receive(self, line: bytes) -> Reply:
        """Parse a reply line and change the state.

        `ProtocolError` for an invalid line, `OutOfStepError` for the answer to another question.
        """
        reply = self._parsed(line)
        with self._lock:
            self._take(reply)
        return reply

    def _take(self, reply: Reply) -> None:
        try:
            verb = self._answered(reply)
        except ProtocolError:
            self.state = State.CLOSED
            raise
        leads = _RULES[self.state, verb]
        self.state = leads.get(reply.code, leads[_OTHER])
        if verb in (NntpCommand.GREETING, NntpCommand.MODE_READER) and reply.code in (200, 201):
            self.posting_allowed = reply.code == 200
        if verb in _FORGETS:
            self.capabilities = None

    def _answered(self, reply: Reply) -> NntpCommand:
        """The command that a reply belongs to."""
        if not self._due or self.state is State.CLOSED:
            words = f"unexpected reply {str(reply)!r}"
            # A server may close the session at any time; any other reply is one too many.
            raise (ProtocolError if reply.code in (400, 502, 503) else OutOfStepError)(words)
        verb, argument = self._due.popleft()
        fits = reply.code >= 400 or reply.code == _SUCCESS.get(verb, reply.code)
        if verb in _PROOFS and (reply.code in _OF_ARTICLES or 430 <= reply.code <= 449):
            fits = False
        if not fits:
            raise OutOfStepError(f"unexpected reply to {verb.value}: {str(reply)!r}")
        if reply.code in (222, 223):
            named = named_in(reply)
            if named and argument not in named:
                words = f"unexpected reply to {verb.value} <{argument}>: {str(reply)!r}"
                raise OutOfStepError(words)
        return verb

    def _expect(self, verb: NntpCommand, argument: str = "") -> None:
        with self._lock:
            if (self.state, verb) not in _RULES:
                raise ValueError(f"{verb.value} may not be sent in state {self.state.name}")
            if self._due and not (verb in _TOGETHER and self._due[-1][0] in _TOGETHER):
                raise ValueError(
                    f"{verb.value} may not be sent before {self._due[0][0].value} is answered"
                )
            self._due.append((verb, argument))


def command_line(verb: NntpCommand, argument: str = "") -> bytes:
    """A command line in bytes, CRLF included.

    `ValueError` for CR, LF or NUL, for more than 512 octets, and for an invalid Message-ID; its
    message never holds the argument, which may be a password.
    """
    if verb in (NntpCommand.STAT, NntpCommand.BODY):
        if not MESSAGE_ID.fullmatch(argument):
            raise ValueError(f"{verb.value} needs a Message-ID")
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


def parse_reply(line: bytes, mask: Mask = bytes) -> Reply:
    """Parse a reply line without its line end (RFC 3977 section 3.2); a bare code is valid."""
    code, rest = line[:3], line[3:].strip()
    is_code = len(code) == 3 and code.isdigit() and b"100" <= code <= b"599"
    if not is_code or line[3:4] not in (b"", b" ", b"\t"):
        raise ProtocolError(f"invalid reply {printable(mask(line)[:80])!r}")
    shown = mask(rest)
    return Reply(int(code), printable(shown), None if shown == rest else printable(rest))


def named_in(reply: Reply) -> list[str]:
    """The Message-IDs in a 222 or 223: in brackets, or bare in the position of the RFC."""
    words = reply.said.split(maxsplit=2)
    bare = [word for word in words[1:2] if "@" in word and "<" not in word]
    return _NAMED.findall(reply.said) + bare


def parse_capabilities(lines: Iterable[bytes]) -> dict[str, tuple[str, ...]]:
    """Label → arguments of a CAPABILITIES answer (RFC 3977 section 5.2), all in upper case."""
    found = {}
    for line in lines:
        words = printable(line).upper().split()
        if words:
            found[words[0]] = tuple(words[1:])
    return found
