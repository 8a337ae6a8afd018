"""NNTP as a conversation without I/O (RFC 3977; AUTHINFO 4643; STARTTLS 4642 and 8143).

Knows how command lines and replies are written, which command may be sent when, and where
each reply leads. Refuses to know sockets, time, and what a refusal means (`answers`).

Theory of operation. A `Conversation` is in one `State`, and owes itself the replies to the
commands it has sent, oldest first. `command()` gives the bytes of a line and notes the reply
that is due; `receive()` takes a reply line, gives it to the oldest command and moves on:

    CONNECTED --200/201--> GREETED --MODE READER, any answer; or reader()--> READY
    GREETED --STARTTLS, 382--> SECURING --secured()--> GREETED
    READY --AUTHINFO USER, 381--> PASSWORD --AUTHINFO PASS, any answer--> READY
    READY --POST, 340--> POSTING --article(), any answer--> READY
    any state --QUIT--> CLOSED

A 400 ends the session only where the server then closes the connection (RFC 3977 section 3.2.1):
some say it to a command that they do not know.

The rules:

* A command not in `_RULES` for the state is a mistake of ours: `ValueError`, nothing is sent.
* Only commands that cannot change the state (STAT, BODY, DATE, GROUP) may be under way together
  (RFC 3977 section 3.5); all others travel alone.
* One answer concerns one article. A reply that nobody waits for, a success of something else, a
  223 or 222 that names another Message-ID, or an article's answer to DATE or GROUP: the answers
  do not belong to the questions any more, `OutOfStepError`. A lost connection is better than the
  answer to another article's question.
* 480 changes no state: log in and ask again. MODE READER stays allowed, for servers that
  want the login first.
* What CAPABILITIES said is forgotten after STARTTLS, MODE READER and a login.
* After an error of either kind the conversation is of no further use.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from usenetsync_tui.codec.lines import printable
from usenetsync_tui.errors import OutOfStepError, ProtocolError

MAX_COMMAND = 512
"""Octets of a command line, CRLF included (RFC 3977 section 3.1)."""

MESSAGE_ID = re.compile(r"[!-;=?-~]{1,248}")
"""What may stand between the angle brackets (RFC 3977 section 3.6)."""

_NAMED = re.compile(r"<([^<>\s]+)>")

Mask = Callable[[bytes], bytes]
"""Takes secrets out of what a server said (`masking`)."""


class NntpCommand(Enum):
    """A thing that is answered with a reply."""

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
    """A reply line. `text` is fit for a screen and a log: escaped, and without secrets."""

    code: int
    text: str
    unmasked: str | None = field(default=None, repr=False, compare=False)
    """What it said before a secret was masked in it: to be judged, never shown or stored."""

    @property
    def said(self) -> str:
        """The text to judge the reply by: not to be shown."""
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
"""The only reply below 400 there is: another one answers something else, we are out of step."""

_TOGETHER = frozenset({NntpCommand.STAT, NntpCommand.BODY, NntpCommand.DATE, NntpCommand.GROUP})
_PROOFS = frozenset({NntpCommand.DATE, NntpCommand.GROUP})
"""No answer to these can be taken for one about an article: they prove that we are in step."""
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
    """One connection's talk, from the greeting on."""

    def __init__(self, mask: Mask = bytes) -> None:
        """`mask` takes secrets out of everything that is ever shown of a reply."""
        self.state = State.CONNECTED
        self.posting_allowed = False
        """What the last 200 or 201 said."""
        self.capabilities: dict[str, tuple[str, ...]] | None = None
        """Label → arguments; None when unknown, not asked yet, or not true any more."""
        self._mask = mask
        self._due: deque[tuple[NntpCommand, str]] = deque([(NntpCommand.GREETING, "")])

    @property
    def due(self) -> int:
        """Replies under way."""
        return len(self._due)

    def command(self, verb: NntpCommand, argument: str = "") -> bytes:
        """The line to send. `ValueError` when it may not be sent now, or not like this."""
        if verb in (NntpCommand.GREETING, NntpCommand.ARTICLE):
            raise ValueError(f"{verb.value} is not a command")
        line = command_line(verb, argument)
        self._expect(verb, argument)
        return line

    def article(self) -> None:
        """The article's bytes begin to go out; its reply is due."""
        self._expect(NntpCommand.ARTICLE)

    def secured(self) -> None:
        """The TLS handshake that followed 382 is done (RFC 4642 section 2.2.2)."""
        if self.state is not State.SECURING:
            raise ValueError("no STARTTLS is under way")
        self.state = State.GREETED

    def reader(self) -> None:
        """MODE READER is left out: the server serves readers without it, as most do."""
        if self.state is not State.GREETED:
            raise ValueError(f"MODE READER cannot be left out in state {self.state.name}")
        self.state = State.READY

    def receive(self, line: bytes) -> Reply:
        """The reply in a line; the conversation moves on.

        `ProtocolError` for nonsense, `OutOfStepError` for the answer to another question.
        """
        reply = parse_reply(line, self._mask)
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
        return reply

    def _answered(self, reply: Reply) -> NntpCommand:
        """What a reply answers."""
        if not self._due or self.state is State.CLOSED:
            words = f"it says {str(reply)!r} without being asked"
            # A goodbye is said unasked; everything else is one answer too many.
            raise (ProtocolError if reply.code in (400, 502, 503) else OutOfStepError)(words)
        verb, argument = self._due.popleft()
        fits = reply.code >= 400 or reply.code == _SUCCESS.get(verb, reply.code)
        if verb in _PROOFS and (reply.code in _OF_ARTICLES or 430 <= reply.code <= 449):
            fits = False
        if not fits:
            raise OutOfStepError(f"it answers {verb.value} with {str(reply)!r}")
        if reply.code in (222, 223):
            named = named_in(reply)
            if named and argument not in named:
                raise OutOfStepError(f"it answers {verb.value} <{argument}> with {str(reply)!r}")
        return verb

    def _expect(self, verb: NntpCommand, argument: str = "") -> None:
        if (self.state, verb) not in _RULES:
            raise ValueError(f"{verb.value} may not be sent in state {self.state.name}")
        if self._due and not (verb in _TOGETHER and self._due[-1][0] in _TOGETHER):
            raise ValueError(
                f"{verb.value} may not be sent before {self._due[0][0].value} is answered"
            )
        self._due.append((verb, argument))


def command_line(verb: NntpCommand, argument: str = "") -> bytes:
    """A command as it goes over the wire, CRLF included.

    `ValueError` for CR, LF or NUL, for more than 512 octets, and for a Message-ID that is
    none; the message never holds the argument, which may be a password.
    """
    if verb in (NntpCommand.STAT, NntpCommand.BODY):
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


def parse_reply(line: bytes, mask: Mask = bytes) -> Reply:
    """A reply line without its line end (RFC 3977 section 3.2); a bare code will do."""
    code, rest = line[:3], line[3:].strip()
    is_code = len(code) == 3 and code.isdigit() and b"100" <= code <= b"599"
    if not is_code or line[3:4] not in (b"", b" ", b"\t"):
        raise ProtocolError(f"its answer is {printable(mask(line)[:80])!r}")
    shown = mask(rest)
    return Reply(int(code), printable(shown), None if shown == rest else printable(rest))


def named_in(reply: Reply) -> list[str]:
    """The Message-IDs a 222 or 223 names: in brackets, or bare where the RFC has one."""
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
