"""Starts, lends and ends the processes that make small files (`writer_process`).

Knows how a job reaches a process. Refuses to know what becomes of the files that it leaves. A
process that dies leaves all files of its job. Blocking; thread-safe.
"""

from __future__ import annotations

import array
import marshal
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from threading import Lock

from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.writers import writer_process
from usenetsync_tui.disk.restored.writers.writer_process import HEADER, File
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.helper_process import ended, started

_PROCESSES = 2
_TRIED = 1_000
"""Files after which it shows whether they are ordinary ones here."""


class FileWriters:
    """The processes of one restore."""

    def __init__(self, count: int = _PROCESSES) -> None:
        """Start them; fewer than `count` if the system does not let us."""
        self._lock = Lock()
        self._idle = list[_Writer]()
        self._made = self._left = 0
        try:
            while len(self._idle) < count:
                self._idle.append(_Writer())
        except OSError:
            pass  # Without them a restore takes longer.

    def make_below(
        self,
        borrow: Callable[[bytes], BorrowedDirectory],
        groups: Sequence[tuple[bytes, Sequence[File]]],
        data: bytes,
    ) -> list[Sequence[int]]:
        """`make` in directories that `borrow` opens, with an answer for each of them.

        `groups`: for each directory its path with a slash, and its files. What is not an ordinary
        directory, or cannot be opened, gets no files.
        """
        made: list[Sequence[int]] = [bytes(len(files)) for _, files in groups]
        numbers, directories = list[int](), list[BorrowedDirectory]()
        with ExitStack() as borrowed:
            for number, (parent, _) in enumerate(groups):
                with suppress(OSError, TargetFileError):  # `small_files` reports it
                    directory = borrowed.enter_context(borrow(parent))
                    directory.require_writable()
                    if directory.is_plain:
                        numbers.append(number)
                        directories.append(directory)
            if not numbers:
                return made
            jobs = [(len(groups[number][0]), list(groups[number][1])) for number in numbers]
            answer = self.make([each.fd for each in directories], jobs, data)
        for number, (_, files) in zip(numbers, jobs, strict=True):
            made[number], answer = answer[: len(files)], answer[len(files) :]
        return made

    def make(
        self, directories: Sequence[int], groups: list[tuple[int, list[File]]], data: bytes
    ) -> bytes:
        """Make the files of some open directories; a byte for each, 0 where it was left.

        `groups`: for each directory the length of its path and its files (`FIELDS`). All files are
        left when no process is idle, or when most of those before were left.
        """
        count = sum(len(files) for _, files in groups)
        with self._lock:
            is_in_vain = self._left > self._made + _TRIED
            writer = None if is_in_vain or not self._idle else self._idle.pop()
        if writer is None:
            return bytes(count)
        try:
            answer = writer.answer(directories, groups, data, count)
        except BaseException:
            writer.close()
            raise
        with self._lock:
            if answer is not None:
                self._idle.append(writer)
                self._made += sum(answer)
                self._left += count - sum(answer)
        return answer or bytes(count)

    def close(self) -> None:
        """End them. Nobody may be waiting for one."""
        while self._idle:
            self._idle.pop().close()


class _Writer:
    """One process."""

    def __init__(self) -> None:
        self._jobs, its = socket.socketpair()
        try:
            self._process = started(writer_process.__name__, stdin=its.fileno())
        except OSError:
            self._jobs.close()
            raise
        finally:
            its.close()

    def answer(
        self,
        directories: Sequence[int],
        groups: list[tuple[int, list[File]]],
        data: bytes,
        count: int,
    ) -> bytes | None:
        """Its answer to a job of `count` files; None: it has ended."""
        told = marshal.dumps(groups)
        job = [HEADER.pack(len(told), len(data)), told, data]
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", directories))
        try:
            sent = self._jobs.sendmsg(job, [rights])
            if sent < sum(map(len, job)):  # a signal came in between
                self._jobs.sendall(b"".join(job)[sent:])
            answer = self._jobs.recv(count, socket.MSG_WAITALL)
        except OSError:
            answer = b""
        if len(answer) == count:
            return answer
        self.close()
        return None

    def close(self) -> None:
        """End it."""
        self._jobs.close()
        ended(self._process)
