"""Standard input, output and error as the process got them: closed, full, or unread.

Knows what to do with text that cannot be printed. Refuses to know the text. Imports only the
standard library, since `make_safe` must run before anything opens a file: otherwise a closed
descriptor 1 would become the next data file or database connection, and the first printed line
would go there.

Work never fails because of its messages: an upload that cannot print continues. A verb whose work
*is* its output (a listing) fails when it cannot write that; one whose reader has left (``| head``)
ends.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from typing import Any, TextIO

READER_LEFT = 128 + 13
"""The exit code when the reader of a listing has left: the shell's code for SIGPIPE."""

FAILED = 1

_IN_ASCII = "usenetsync.ascii"
"""The name of our error handler of encodings."""


class OutputLostError(Exception):
    """Standard output cannot be written, and the verb has no other work."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason.strerror or type(reason).__name__)
        self.reader_left = isinstance(reason, BrokenPipeError)


class _Output(io.FileIO):
    """A descriptor to write to, whatever state it is in."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.is_the_work = False
        """Whether a failed write ends the verb (`OutputLostError`); else the text is dropped."""
        self._lost: OSError | None = None

    def write(self, data: Any, /) -> int:
        if self._lost is not None:
            return self._drop(data, self._lost)
        try:
            while (count := super().write(data)) is None:
                # Another program made the shared terminal or pipe non-blocking.
                select.select((), (self,), ())
        except OSError as error:
            self._lost = error
            return self._drop(data, error)
        return count

    def _drop(self, data: Any, error: OSError) -> int:
        if self.is_the_work:
            self.is_the_work = False  # raise once; drop the text flushed at the end
            raise OutputLostError(error)
        return memoryview(data).nbytes


_outputs: dict[int, _Output] = {}


def make_safe() -> None:
    """Open closed ones of descriptors 0, 1 and 2, so that printing never crashes the process.

    Names hold any bytes: characters that the terminal's encoding lacks are escaped, except our own
    signs, which have an ASCII form. Until `output_is_the_work` changes it, a failed write to
    standard output ends the verb: help and version are output.
    """
    for descriptor in (0, 1, 2):
        _open_if_closed(descriptor)
    codecs.register_error(_IN_ASCII, _in_ascii)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)
    sys.stdout = _replaced(sys.stdout, 1)
    sys.stderr = _replaced(sys.stderr, 2)
    output_is_the_work(True)


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """The replacement of characters that an encoding does not have (`codecs`)."""
    from usenetsync_tui.model.text.ascii_signs import ASCII  # all streams are open now

    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(ASCII)
    return text.encode("ascii", "backslashreplace").decode(), error.end


def output_is_the_work(is_it: bool) -> None:
    """Set whether a failed write to standard output raises `OutputLostError` from now on."""
    if (output := _outputs.get(1)) is not None:
        output.is_the_work = is_it


def exit_code(lost: OutputLostError) -> int:
    """The exit code for lost output; prints a line on standard error unless the reader left."""
    if lost.reader_left:
        return READER_LEFT
    sys.stderr.write(f"usenetsync: standard output cannot be written: {lost}.\n")
    return FAILED


def _open_if_closed(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    else:
        return
    # The lowest free number is the closed one: those below it are open by now. Standard output is
    # opened for reading: writing fails as before, so we notice lost output.
    os.open(os.devnull, os.O_WRONLY if descriptor == 0 else os.O_RDONLY)
    os.set_inheritable(descriptor, True)


def _replaced(stream: TextIO | None, descriptor: int) -> TextIO:
    """The stream over an `_Output`; a stream that is not the process's own (a test's) stays."""
    try:
        if stream is not None and stream.fileno() != descriptor:
            return stream
    except (OSError, ValueError):  # no file at all
        assert stream is not None
        return stream
    output = _outputs[descriptor] = _Output(descriptor)
    encoding = stream.encoding if stream is not None else "utf-8"
    if stream is not None:
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=encoding,
        errors=_IN_ASCII,
        line_buffering=descriptor == 2 or output.isatty(),
    )
