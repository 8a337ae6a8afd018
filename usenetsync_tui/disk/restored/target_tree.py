"""Target: writes a restored tree below one directory, and nowhere else.

Knows how to write files, directories and symlinks so that no path and no existing symlink can
lead outside the root: see `directories`. A file gets its name only when it is complete: the tree
writes it in the same directory under a temporary name that no path of the version has, and
renames it.
Identical files are left alone; differing files are replaced, never changed in place, because they
may have other names outside the target. Refuses to know where the bytes come from. Synchronous;
any number of threads may use one tree, each for paths of its own.

It does not fsync each file: that would take a millisecond or more each, 50 minutes for 3 million
files. `sync` makes the whole restore durable at once, before the restore counts as done; after an
earlier power cut, `keep` finds the files that are not on the disk.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence

from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.linux_calls import sync_file_system
from usenetsync_tui.disk.restored import entry as entry
from usenetsync_tui.disk.restored.attributes import Attributes, AttributeWriter, Lack
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.directories import TargetDirectories
from usenetsync_tui.disk.restored.metadata import hard_links
from usenetsync_tui.disk.restored.metadata.sparse_part import SparsePartFile
from usenetsync_tui.disk.restored.metadata.special import Special
from usenetsync_tui.disk.restored.metadata.xattrs import with_others
from usenetsync_tui.disk.restored.names import STEM, Owner, TargetNames
from usenetsync_tui.disk.restored.overwriting import Overwriting
from usenetsync_tui.disk.restored.part_file import PartFile
from usenetsync_tui.disk.restored.publish import SPELLED, Publisher, copy_content
from usenetsync_tui.disk.restored.removal import Remover
from usenetsync_tui.disk.restored.safe_paths import check_name
from usenetsync_tui.disk.restored.small_files import SmallFileWriter
from usenetsync_tui.disk.restored.temporary_names import temporary_name
from usenetsync_tui.disk.restored.writers.file_writers import FileWriters
from usenetsync_tui.disk.restored.writers.writer_process import File
from usenetsync_tui.errors import TargetError, TargetFileError
from usenetsync_tui.model.metadata.metadata import Extents
from usenetsync_tui.model.restores.choices import Overwrite
from usenetsync_tui.model.text.safe_name import safe_name


class TargetTree:
    """The tree to restore into; call `prepare` first.

    Paths are relative bytes as in the catalogue. It sets atime to the mtime, and makes missing
    parent directories with mode 0700. The failure of one path is a TargetFileError with its
    `reason`; a failure of the root, or one that ends the whole restore (a full disk), is a
    TargetError. The methods return the attributes that a path lacks in the end, as `Lack`s.
    """

    def __init__(self, root: bytes, overwriting: Overwriting | None = None) -> None:
        """`overwriting`: by default, what differs is replaced, and nothing deleted."""
        self._root = root
        self._overwriting = overwriting or Overwriting()
        self._stem = STEM
        self._names = TargetNames()
        self._attributes = AttributeWriter()
        self._publisher = Publisher(self._attributes, self._overwriting)
        self._opened: TargetDirectories | None = None
        self._writers: FileWriters | None = None

    def prepare(self) -> bool:
        """Open the root, and make it with its parents if missing; True if it was made."""
        made, mode = False, None
        try:
            os.makedirs(os.path.dirname(os.path.abspath(self._root)), exist_ok=True)
            try:
                os.mkdir(self._root, 0o700)
                made = True
            except FileExistsError:
                pass  # Usually the user restores into an existing folder.
            try:
                fd = self._open_root()
            except PermissionError:
                mode = self._open_up_root()
                fd = self._open_root()
        except OSError as caught:
            raise TargetError(f"{safe_name(self._root)}: {caught.strerror}.") from caught
        self.close()
        self._attributes = AttributeWriter()  # with the rights that the process has now
        self._publisher = Publisher(self._attributes, self._overwriting)
        self._opened = TargetDirectories(fd, self._root, self._names, clear=self._overwriting.clear)
        self._opened.root_mode = mode
        return made

    def serve(self, stem: bytes, owner: Owner, *, is_exact: bool = False) -> None:
        """Prepare to restore a version: none of its paths contains `stem`, `owner` knows them.

        `is_exact`: it tells all extended attributes that its paths had, so they get no others.
        """
        self._attributes.is_exact = is_exact
        self._stem = self._overwriting.stem = stem
        self._names.probe = stem + b"names"
        self._names.owner = owner

    def make_directory(self, path: bytes) -> tuple[Lack, ...]:
        """Make a directory unless it exists; its attributes come at the end."""
        with self._directories.borrow(path) as directory:
            if directory.real == path:
                return ()
            self._names.refuse_taken(directory.real, path)
            return (SPELLED,)

    def finish_directory(self, path: bytes, wanted: Attributes) -> tuple[Lack, ...]:
        """Set owner, mode and mtime, when everything below is done: in reverse path order."""
        with self._directories.borrow(path) as directory:
            if self._names.taker(directory.real, path) is not None:
                return ()  # It is another path's directory; `make_directory` has reported it.
            try:
                status = os.fstat(directory.fd)
                directory.writable = False
                if not path:
                    self._directories.root_mode = None
                if self._attributes.agrees(status, wanted, directory.fd):
                    return self._attributes.lacks(status, wanted)
                return self._attributes.write(directory.fd, wanted)
            except OSError as caught:
                raise TargetFileError(caught.strerror or str(caught)) from caught

    def keep(self, path: bytes, content: Content, wanted: Attributes) -> tuple[Lack, ...] | None:
        """Leave an identical regular file alone; None when the file must be written.

        Replaces a file with the right content but wrong attributes by a copy with the right ones.
        Treats an unreadable file as wrong. Raises TargetFileError when it cannot write there.
        """
        parent, name, temp = self._locate(path)
        with self._directories.borrow(parent) as directory:
            try:
                if directory.has_only_ours:  # what came in since then, `publish` finds
                    directory.require_writable()
                    return None
                fd = entry.open_present(directory, name)
                if fd is None:
                    directory.claim_new(name)
                    directory.require_writable()
                    return None
                try:
                    if self._is_spared(directory, name, wanted, content.file_size):
                        return (SPELLED,) if directory.claim(name) else ()
                    found = self._examine(directory, name, fd, content)
                    if found is None:
                        directory.require_writable()
                        return None
                    is_spelled_so, status = found
                    if not self._attributes.agrees(status, wanted, fd):
                        return self._renew(directory, name, temp, fd, content, wanted)
                    lacks = self._attributes.lacks(status, wanted)
                    if not is_spelled_so:
                        lacks += self._publisher.respell(directory, temp, name)
                    return lacks
                finally:
                    if fd >= 0:
                        os.close(fd)
            except OSError as caught:
                raise directory.explain(caught, name) from caught

    def write_small(self, path: bytes, data: bytes, wanted: Attributes) -> tuple[Lack, ...]:
        """Write a file with these bytes; it replaces anything but a directory."""
        parent = self._locate(path)[0]
        with self.small_files(parent) as files:
            return files.write(path, data, wanted)

    def small_files(self, parent: bytes) -> SmallFileWriter:
        """Writes many such files into one directory (a path with a slash at its end, or ``b""``).

        For a ``with`` block. Raises TargetFileError when there can be no such directory.
        """
        directory = self._directories.borrow(parent)
        return SmallFileWriter(directory, self._stem, self._attributes, self._publisher)

    def start_writers(self) -> None:
        """Start processes that make small files; for a restore of many."""
        self._writers = FileWriters()

    @property
    def has_writers(self) -> bool:
        """Whether there are such processes."""
        return self._writers is not None

    def make_files(
        self, groups: Sequence[tuple[bytes, Sequence[File]]], data: bytes
    ) -> list[Sequence[int]]:
        """Make ordinary small files in processes: for each directory, a byte for each file.

        `groups`: at most `MOST_GROUPS` directories, by their path with a slash, and their files
        (`FIELDS`), which lie in `data`. 0: the file was not made, and `small_files` has to.
        """
        if self._writers is None:
            return [bytes(len(files)) for _, files in groups]
        return self._writers.make_below(self._directories.borrow, groups, data)

    def has_none_of(self, parent: bytes) -> bool:
        """Whether a directory is new and has no name but those that this run gave.

        Then `keep` finds nothing in it. False also when that is not certain.
        """
        try:
            with self._directories.borrow(parent) as directory:
                if directory.has_only_ours:
                    directory.require_writable()
                    return True
        except (OSError, TargetFileError):
            pass  # `keep` and `write_small` report it with the name of each file.
        return False

    def symlink(self, path: bytes, target: bytes, wanted: Attributes) -> tuple[Lack, ...]:
        """Make a symlink; it replaces anything but a directory."""
        return self._make(
            path,
            wanted,
            lambda directory, name: entry.link_status(directory, name, target),
            lambda directory, temp: entry.make_link(directory, temp, target),
        )

    def special(self, path: bytes, what: Special, wanted: Attributes) -> tuple[Lack, ...]:
        """Make a FIFO, a socket or a device; it replaces anything but a directory."""
        return self._make(path, wanted, what.status, what.make)

    def _make(
        self,
        path: bytes,
        wanted: Attributes,
        present: Callable[[BorrowedDirectory, bytes], os.stat_result | None],
        make: Callable[[BorrowedDirectory, bytes], None],
    ) -> tuple[Lack, ...]:
        parent, name, temp = self._locate(path)
        with self._directories.borrow(parent) as directory:
            try:
                if self._is_spared(directory, name, wanted):
                    return (SPELLED,) if directory.claim(name) else ()
                status = present(directory, name)
                if status is not None and not directory.claim(name):
                    if entry.agrees(self._attributes, directory.fd, name, status, wanted):
                        return self._attributes.lacks(status, wanted)
                directory.require_writable()
                make(directory, temp)
                try:
                    lacks = self._set_attributes(directory, temp, wanted)
                    lacks += self._publisher.publish(directory, temp, name)
                except (OSError, TargetFileError):
                    entry.remove(directory, temp)
                    raise
            except OSError as caught:
                raise directory.explain(caught, name) from caught
        return lacks

    def link(self, path: bytes, first: bytes, wanted: Attributes) -> bool | Lack:
        """Make a path another name of a restored one; True if it stays as it is.

        It replaces anything but a directory. A `Lack` when it cannot be another name here: then
        the caller writes a file.
        """
        parent, name, temp = self._locate(path)
        above, known, _ = self._locate(first)
        with self._directories.borrow(above) as near, self._directories.borrow(parent) as directory:
            try:
                if hard_links.is_same(near, known, directory, name) and not directory.claim(name):
                    return True
                if self._is_spared(directory, name, wanted):
                    return True
                directory.require_writable()
                refusal = hard_links.make(near, known, directory, temp)
                if refusal is not None:
                    return refusal
                try:
                    self._publisher.publish(directory, temp, name)
                except (OSError, TargetFileError):
                    entry.remove(directory, temp)
                    raise
                return False
            except OSError as caught:
                raise directory.explain(caught, name) from caught

    def part(self, path: bytes, size: int, extents: Extents | None = None) -> PartFile:
        """A large file to write piece by piece, with what an earlier run has written.

        `extents`: of a sparse file, which has `size` bytes in them.
        """
        parent, name, temp = self._locate(path)
        directory = self._directories.borrow(parent)
        rest = self._attributes, self._publisher, self._overwriting
        if extents is not None:
            return SparsePartFile(directory, name, temp, extents, *rest)
        return PartFile(directory, name, temp, size, *rest)

    @property
    def changes_names(self) -> bool:
        """Whether names of the target were found under another spelling, or may be."""
        return self._names.folding or bool(self._names.changing)

    def remover(self, began_ns: int) -> Remover:
        """Removes what a version does not have. `began_ns`: when the restore began."""
        return Remover(self._directories.root, self._overwriting, began_ns)

    def sync(self) -> None:
        """Return when everything is on the disk. Raises TargetError."""
        with self._directories.borrow(b"") as directory:
            try:
                sync_file_system(directory.fd)
            except OSError as caught:
                raise TargetError(f"{safe_name(self._root)}: {caught.strerror}.") from caught

    def close(self) -> None:
        """Close it after its parts. A second call does nothing. Raises TargetError."""
        if self._writers is not None:
            self._writers.close()
            self._writers = None
        if self._opened is not None:
            opened, self._opened = self._opened, None
            try:
                opened.close()
            except OSError as caught:
                raise TargetError(f"{safe_name(self._root)}: {caught.strerror}.") from caught

    def __enter__(self) -> TargetTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _directories(self) -> TargetDirectories:
        if self._opened is None:
            raise RuntimeError("prepare() the target first")
        return self._opened

    def _open_root(self) -> int:
        return os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _open_up_root(self) -> int:
        """Give ourselves access to a root of ours whose mode denies it; returns that mode."""
        place = os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            status = os.fstat(place)
            if status.st_uid != os.geteuid():
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            mode = stat.S_IMODE(status.st_mode)
            os.chmod(f"/proc/self/fd/{place}", mode | 0o700)
        finally:
            os.close(place)
        return mode

    def _locate(self, path: bytes) -> tuple[bytes, bytes, bytes]:
        """Directory, name and temporary name of a file or symlink."""
        cut = path.rfind(b"/") + 1
        name = path[cut:]
        check_name(name)
        return path[:cut], name, temporary_name(self._stem, path)

    def _is_spared(
        self, directory: BorrowedDirectory, name: bytes, wanted: Attributes, size: int | None = None
    ) -> bool:
        """Whether an existing entry stays as it is; `size`: that of the file to restore."""
        if self._overwriting.overwrite is Overwrite.ALWAYS:
            return False
        status = entry.status_of(directory, name)
        if status is None or stat.S_ISDIR(status.st_mode):
            return False
        agrees = (
            stat.S_ISREG(status.st_mode)
            and status.st_size == size
            and self._attributes.agrees(status, wanted)
        )
        return self._overwriting.spares(status, wanted.mtime_ns, agrees=agrees)

    def _examine(
        self, directory: BorrowedDirectory, name: bytes, fd: int, content: Content
    ) -> tuple[bool, os.stat_result] | None:
        """For a file with the content: whether its spelling is `name`, and its status."""
        status = os.fstat(fd) if fd >= 0 else None
        if status is not None and stat.S_ISDIR(status.st_mode):
            if not self._overwriting.gives_way(directory.path + name):
                raise TargetFileError("a directory is in the way")
            return None
        is_spelled_so = not directory.claim(name)
        if (
            status is None
            or not stat.S_ISREG(status.st_mode)
            or status.st_size != content.file_size
        ):
            return None
        return (is_spelled_so, status) if entry.has(fd, content) else None

    def _renew(
        self,
        directory: BorrowedDirectory,
        name: bytes,
        temp: bytes,
        source: int,
        content: Content,
        wanted: Attributes,
    ) -> tuple[Lack, ...] | None:
        """Replace a file by a copy with the right attributes; None when its content has changed."""
        if not self._attributes.is_exact:  # what the version does not tell stays
            wanted = wanted._replace(xattrs=with_others(source, wanted.xattrs))
        try:
            directory.require_writable()
            fd = entry.create(directory, temp)
            try:
                try:
                    copy_content(source, fd)
                    if not entry.has(fd, content):
                        entry.remove(directory, temp)
                        return None
                    lacks = self._attributes.write(fd, wanted)
                finally:
                    os.close(fd)
                lacks += self._publisher.publish(directory, temp, name)
            except (OSError, TargetFileError):
                entry.remove(directory, temp)
                raise
        except OSError as caught:
            reason = f"owner, mode or time not set: the file cannot be copied ({caught.strerror})"
            return (Lack(reason),)
        return lacks

    def _set_attributes(
        self, directory: BorrowedDirectory, temp: bytes, wanted: Attributes
    ) -> tuple[Lack, ...]:
        fd = os.open(temp, entry.PLACE, dir_fd=directory.fd)
        try:
            return self._attributes.write_place(fd, wanted)
        finally:
            os.close(fd)
