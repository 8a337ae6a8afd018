"""small_files: writes small files, each at once, into one directory of the target.

The directory is opened once for many of them. A file is written under a temporary name, gets its
attributes, and then its name; it replaces anything but a directory. Refuses to know what its
bytes should be. Every file of a restore with many small ones passes through here, so the code does
not look up what is the same for all files of the directory.
"""

from __future__ import annotations

import os

from usenetsync_tui.disk.restored import entry as entry
from usenetsync_tui.disk.restored.attributes import Attributes, AttributeWriter, Born, Lack, born
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.publish import Publisher
from usenetsync_tui.disk.restored.safe_paths import check_name
from usenetsync_tui.disk.restored.temporary_names import temporary_name
from usenetsync_tui.errors import TargetFileError


class SmallFileWriter:
    """Writes files into a borrowed directory, which it gives back at the end of its block."""

    __slots__ = ("_attributes", "_born", "_cut", "_directory", "_publish", "_stem")

    def __init__(
        self,
        directory: BorrowedDirectory,
        stem: bytes,
        attributes: AttributeWriter,
        publisher: Publisher,
    ) -> None:
        self._directory = directory
        self._cut = len(directory.path)
        self._stem = stem
        self._attributes = attributes
        self._born: Born | None = None
        """What a new file in it is born with; looked at once, as the directory decides it."""
        self._publish = publisher.publish

    def write(self, path: bytes, data: bytes, wanted: Attributes) -> tuple[Lack, ...]:
        """Write a file that is directly in the directory; returns the attributes that it lacks.

        Raises TargetFileError, or a TargetError if the whole target cannot be written any more.
        """
        directory, name = self._directory, path[self._cut :]
        check_name(name)
        try:
            directory.require_writable()
            temp = temporary_name(self._stem, path)
            mode = self._attributes.first_mode(wanted, self._born)
            fd = entry.create(directory, temp, mode)
            try:
                try:
                    written = os.write(fd, data)
                    while written < len(data):
                        written += os.write(fd, data[written:])
                    if self._born is None:
                        self._born = born(fd)
                    lacks = self._attributes.write_new(fd, wanted, self._born, mode)
                finally:
                    os.close(fd)
                return lacks + self._publish(directory, temp, name)
            except (OSError, TargetFileError):
                entry.remove(directory, temp)
                raise
        except OSError as caught:
            raise directory.explain(caught, name) from caught

    def __enter__(self) -> SmallFileWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.__exit__()
