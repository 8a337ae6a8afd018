"""The messages between an upload and a process that reads packs for it.

A message is the size of its head (4 bytes, big-endian), the head, and the bytes whose sizes the
head tells. A head is pickled: both ends are the same program. What each file has in it is a plain
tuple, as named ones would take several times as long. Refuses to know who sends a message.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any

from usenetsync_tui.catalogue.tables.files import Before, PendingFile, Placed
from usenetsync_tui.disk.source.identity import Inodes
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.metadata.metadata import NONE
from usenetsync_tui.model.segments import CODECS
from usenetsync_tui.pipeline.run.segments import RawSegment, Segmented, with_payload
from usenetsync_tui.pipeline.upload.read_pack import Packing, PackRead, UnreadFiles

_SIZE = Struct(">I")
_KINDS = {kind.value: kind for kind in DigestKind}

Message = tuple[tuple[Any, ...], list[bytes]]
"""A head, and the bytes that follow it."""
_PlacedRow = tuple[Any, ...]
"""A `Placed` without its entry, which the upload has."""


def send(end: socket.socket, message: Message) -> None:
    """Send a message. Blocking; raises OSError."""
    head, bodies = message
    data = pickle.dumps((head, [len(body) for body in bodies]), pickle.HIGHEST_PROTOCOL)
    end.sendall(_SIZE.pack(len(data)) + data)
    for body in bodies:
        end.sendall(body)


def receive(end: socket.socket) -> Message:
    """The next message. Blocking; raises OSError, and EOFError when the other end is gone."""
    (size,) = _SIZE.unpack(_exactly(end, _SIZE.size))
    head, sizes = pickle.loads(_exactly(end, size))
    return head, [_exactly(end, size) for size in sizes]


def _exactly(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:  # once, unless a signal comes
        more = end.recv(size - len(data), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        data = data + more if data else more
    return data


def question(unread: UnreadFiles, object_id: int, packing: Packing, inodes: Inodes) -> Message:
    """The files to read, and how."""
    files = [
        (tuple(entry), made, key, None if before is None else tuple(before), *rest)
        for entry, made, key, before, *rest in unread.files
    ]
    known = inodes.ignored, inodes.unstable
    return (files, unread.began_ns, unread.first, object_id, packing, known), []


def asked(question: Message) -> tuple[UnreadFiles, int, Packing, Inodes]:
    """What a `question` was made of."""
    (files, began_ns, first, object_id, packing, (ignored, unstable)), _ = question
    inodes = Inodes(ignored)
    inodes.unstable = unstable
    new = tuple.__new__
    unread = [
        new(
            PendingFile,
            (new(Entry, entry), made, key, before and new(Before, before), *rest),
        )
        for entry, made, key, before, *rest in files
    ]
    return UnreadFiles(unread, began_ns, first), object_id, packing, inodes


def answer(
    unread: UnreadFiles, found: PackRead, segment: Segmented | None, inodes: Inodes
) -> Message:
    """What came of reading some files."""
    rest = found.rest
    head = (
        [_rows(each) for each in (found.placed, found.empty, found.kept)],
        [file.key for file in found.large],
        [(file.key, error.kind, error.reason) for file, error in found.errors],
        found.lacks,
        None if rest is None else (len(unread.files) - len(rest.files), rest.first),
        (found.surplus, found.size, inodes.unstable),
    )
    if segment is None:
        return (*head, None), []
    if isinstance(segment, RawSegment):
        return (*head, (segment.hash, None)), [bytes(segment.data)]
    return (*head, (segment.hash, segment.codec.value)), [bytes(segment.payload)]


def answered(
    message: Message, unread: UnreadFiles, object_id: int, packing: Packing, inodes: Inodes
) -> tuple[PackRead, Segmented | None]:
    """What an `answer` was made of."""
    (rows, large, errors, lacks, rest, (surplus, size, unstable), about), bodies = message
    files = {file.key: file for file in unread.files}
    placed, empty, kept = (_placed(each, files) for each in rows)
    found = PackRead(object_id, packing.room, packing.algorithm, placed, empty, kept)
    found.large += [files[key] for key in large]
    found.errors += [(files[key], SourceFileError(kind, words)) for key, kind, words in errors]
    found.lacks, found.surplus, found.size = lacks, surplus, size
    if rest is not None:
        found.rest = UnreadFiles(unread.files[rest[0] :], unread.began_ns, rest[1])
    inodes.unstable |= unstable
    if about is None:
        return found, None
    digest, codec = about
    body, path = bodies[0], unread.files[0].entry.path
    raw = RawSegment(found.pack(), 0, body, path, tuple(placed), hash=digest, size=found.size)
    return found, raw if codec is None else with_payload(raw, CODECS[codec], body)


def _rows(placed: Iterable[Placed]) -> list[_PlacedRow]:
    return [
        (key, made, at, *((None, None) if digest is None else (int(digest.kind), digest.value)),
         size, racy, None if beside is NONE else beside)
        for key, made, at, digest, size, racy, beside, _ in placed
    ]  # fmt: skip


def _placed(rows: Iterable[_PlacedRow], files: Mapping[bytes, PendingFile]) -> list[Placed]:
    new, found = tuple.__new__, list[Placed]()
    for key, made, at, kind, value, size, racy, beside in rows:
        digest = None if value is None else new(FileDigest, (_KINDS[kind], value))
        file, beside = files[key], NONE if beside is None else beside
        rowless = None if file.has_row else file.entry
        found.append(new(Placed, (file.key, made, at, digest, size, racy, beside, rowless)))
    return found
