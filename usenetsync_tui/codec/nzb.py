"""NZB 1.1: the list of articles that make up files, for any newsreader.

The caller writes it in pieces, so that it can stream from the catalogue: `head`, then for every
file `file_element`, its `segment_element`\\ s and `file_end`, then `tail`. Refuses to know where
the pieces go and which articles the store has.

`read` accepts NZBs from other programs: it expands no entity, loads no DTD, and returns nothing
that could break out of an NNTP command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.value_object import value_object

READ_LIMIT = 64 << 20
"""The most bytes of an NZB that `read` accepts."""

_XMLNS = "http://www.newzbin.com/DTD/2003/nzb"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
    | {"\r": "&#13;"}
)
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,248}")
_NUMBER = re.compile(r"[0-9]{1,15}")


@value_object
class NzbSegment:
    """One article of a file."""

    number: int
    """From 1."""
    bytes: int
    """As posted, encoded."""
    message_id: str
    """Without its angle brackets."""


@value_object
class NzbFile:
    """One file as an NZB lists it."""

    subject: str
    poster: str
    date: int
    """Seconds since 1970."""
    groups: tuple[str, ...]
    segments: tuple[NzbSegment, ...]


def head() -> bytes:
    """The beginning of an NZB."""
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<!DOCTYPE nzb PUBLIC "-//newzBin//DTD NZB 1.1//EN"'
        b' "http://www.newzbin.com/DTD/nzb/nzb-1.1.dtd">\n'
        b'<nzb xmlns="%b">\n' % _XMLNS.encode()
    )


def file_element(*, subject: str, poster: str, date: int, groups: Iterable[str]) -> bytes:
    """The beginning of a file; `date` in seconds since 1970."""
    lines = [
        f'  <file poster="{_escape(poster)}" date="{date}" subject="{_escape(subject)}">',
        "    <groups>",
        *(f"      <group>{_escape(group)}</group>" for group in groups),
        "    </groups>",
        "    <segments>",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def segment_element(segment: NzbSegment) -> bytes:
    """One article of the file."""
    return (
        f'      <segment bytes="{segment.bytes}" number="{segment.number}">'
        f"{_escape(segment.message_id)}</segment>\n"
    ).encode()


def file_end() -> bytes:
    """The end of a file."""
    return b"    </segments>\n  </file>\n"


def tail() -> bytes:
    """The end of an NZB."""
    return b"</nzb>\n"


def _escape(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def read(data: bytes) -> list[NzbFile]:
    """The files of an NZB; `UsageError` when it is not an NZB, or a hostile one."""
    if len(data) > READ_LIMIT:
        raise UsageError(f"The NZB is larger than {READ_LIMIT} bytes.")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UsageError(f"The NZB is not well-formed ({error}).") from error
    except (LookupError, ValueError) as error:  # expat or Python does not know the encoding
        raise UsageError(f"The NZB's encoding cannot be read ({error}).") from error
    if not reader.is_nzb:
        raise UsageError("The file is not an NZB.")
    return reader.files


@dataclass(slots=True)
class _File:
    attributes: dict[str, str]
    groups: list[str] = field(default_factory=list)
    segments: list[NzbSegment] = field(default_factory=list)


class _Reader:
    """The handlers of one parse, with the open file and the files read so far."""

    def __init__(self) -> None:
        self.files: list[NzbFile] = []
        self.is_nzb = False
        self._file: _File | None = None
        self._attributes: dict[str, str] = {}
        self._text: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, name: str, system: str | None, public: str | None, inside: int) -> None:
        if inside:  # entities or default values there can turn a few bytes into gigabytes
            raise UsageError("The NZB has a DTD inside, which could be an attack.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._attributes = attributes
        self._text.clear()
        match tag.rpartition(" ")[2]:
            case "nzb":
                self.is_nzb = True
            case "file":
                self._file = _File(attributes)

    def _end(self, tag: str) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        if self._file is None:
            return
        match tag.rpartition(" ")[2]:
            case "group":
                self._file.groups.append(text)
            case "segment":
                self._file.segments.append(self._segment(text))
            case "file":
                self.files.append(_finished(self._file))
                self._file = None

    def _segment(self, text: str) -> NzbSegment:
        if not _MESSAGE_ID.fullmatch(text):
            raise UsageError(f"The NZB has {text[:80]!r}, which is not a valid Message-ID.")
        number, size = (_integer(self._attributes, key) for key in ("number", "bytes"))
        return NzbSegment(number, size, text)


def _finished(file: _File) -> NzbFile:
    subject, poster = (file.attributes.get(key, "") for key in ("subject", "poster"))
    date = _integer(file.attributes, "date")
    return NzbFile(subject, poster, date, tuple(file.groups), tuple(file.segments))


def _integer(attributes: dict[str, str], key: str) -> int:
    text = attributes.get(key, "0")
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"The NZB has {key}={text[:40]!r}, which is not a number.")
    return int(text)
