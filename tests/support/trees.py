"""Trees to test with: a hostile one, a big one, and the comparison of two.

All functions use directory descriptors, so no path is too long for them.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import random
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SEGMENT = 768_000
PACKED = 50_000

HOSTILE_NAMES: tuple[bytes, ...] = (
    b"\xff\xfe not utf-8",
    b"latin1 \xe9t\xe9",
    b"new\nline",
    b"\n",
    b"tab\there",
    b"return\rhere",
    b"\x1b[31mred\x1b[0m",
    b"\x1b]0;title\x07",
    b"\x1b]52;c;aGVsbG8=\x1b\\",
    b"\x9b31m c1",
    b"bell\x07",
    b"-rf",
    b"--help",
    b" leading and trailing ",
    b" ",
    b"quote'single",
    b'quote"double',
    b"`backtick` $(reboot) ${HOME} %s %n {0}",
    b"back\\slash",
    b"star*question?[a-z]",
    b"[@click=app.quit]",
    b"[bold red]markup",
    b"[]",
    "bidi \u202egpj.exe".encode(),
    b"combining " + "e\u0301".encode() * 20,
    b"a" + "\u0300".encode() * 60,
    "zero\u200bwidth\ufeff".encode(),
    "wide 漢字かな".encode(),
    "emoji 👩‍👩‍👧‍👦🏳️‍🌈👍🏽".encode(),
    "é composed".encode(),
    "e\u0301 decomposed".encode(),
    b"long-" + b"n" * 250,
    "ü".encode() * 127,
    b".hidden",
    b"...",
    b"..dots",
    b"~",
    b"#comment",
    b"semi;colon&amp",
    b"CON",
    b"name.",
)
"""Names that are legal for the kernel, each a trap for some program."""

ORDER_NAMES: tuple[bytes, ...] = (b"a!", b"a-b", b"a.txt", b"a0", b"a\x01", b"aa", b"A")
"""Files around a directory called ``a``: their order is right only with its slash."""

SIZES: tuple[int, ...] = (
    0,
    1,
    PACKED - 1,
    PACKED,
    PACKED + 1,
    SEGMENT - 1,
    SEGMENT,
    SEGMENT + 1,
    3 * SEGMENT + 17,
)

_SECOND = 1_000_000_000
TIMES: tuple[int, ...] = (
    0,
    1,
    -1 * _SECOND,
    -86_400 * _SECOND + 123_456_789,
    1_234_567_890 * _SECOND + 987_654_321,
    1_700_000_000 * _SECOND + 1,
    4_102_444_800 * _SECOND,
)
"""mtimes in ns: the epoch, before it, with fractions, the year 2100."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class _Folder:
    """A directory to fill, by descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def file(
        self, name: bytes, content: bytes = b"", mode: int = 0o644, mtime_ns: int | None = None
    ) -> None:
        fd = os.open(name, _NEW, 0o600, dir_fd=self.fd)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(fd, view) :]
            os.fchmod(fd, mode)
            if mtime_ns is not None:
                os.utime(fd, ns=(mtime_ns, mtime_ns))
        finally:
            os.close(fd)

    def link(self, name: bytes, target: bytes, mtime_ns: int | None = None) -> None:
        os.symlink(target, name, dir_fd=self.fd)
        if mtime_ns is not None:
            os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=self.fd, follow_symlinks=False)

    @contextmanager
    def folder(
        self, name: bytes, mode: int = 0o755, mtime_ns: int | None = None
    ) -> Iterator[_Folder]:
        """A new directory; it gets its mode and mtime when it has been filled."""
        os.mkdir(name, 0o700, dir_fd=self.fd)
        fd = os.open(name, _DIRECTORY, dir_fd=self.fd)
        try:
            yield _Folder(fd)
            if mtime_ns is not None:
                os.utime(fd, ns=(mtime_ns, mtime_ns))
            os.fchmod(fd, mode)
        finally:
            os.close(fd)


def content(size: int, seed: int = 0) -> bytes:
    """Incompressible bytes, the same every time."""
    return random.Random(seed * 1_000_003 + size).randbytes(size)


def hostile_tree(root: Path, *, deep: int = 40) -> Path:
    """Create `root` with every kind of entry that a file system allows; returns it.

    `deep` is the number of nested directories with names of 200 bytes: 40 make paths of
    8,000 bytes, twice PATH_MAX. It has devices only if the system allows us to create them.
    """
    root.mkdir(parents=True)
    fd = os.open(root, _DIRECTORY)
    try:
        top = _Folder(fd)
        _names(top)
        _order(top)
        _sizes(top)
        _metadata(top)
        _links(top)
        _specials(top, os.fsencode(root))
        _deep(top, deep)
    finally:
        os.close(fd)
    return root


def _names(top: _Folder) -> None:
    with top.folder(b"names") as folder:
        for number, name in enumerate(HOSTILE_NAMES):
            folder.file(name, b"content of name %d\n" % number)
    with top.folder(b"folder names") as folder:
        for number, name in enumerate(HOSTILE_NAMES):
            with folder.folder(name) as below:
                below.file(b"in it", b"%d" % number)


def _order(top: _Folder) -> None:
    with top.folder(b"order") as folder:
        for name in ORDER_NAMES:
            folder.file(name, name)
        with folder.folder(b"a") as below:
            below.file(b"z", b"last in a")
            with below.folder(b"a") as lower:
                lower.file(b"a")
        with folder.folder(b"a.d") as below:
            below.file(b"x")


def _sizes(top: _Folder) -> None:
    with top.folder(b"sizes") as folder:
        for size in SIZES:
            folder.file(b"%d bytes" % size, content(size))
        folder.file(b"duplicate of a segment", content(SEGMENT))
        folder.file(b"duplicate of a small one", content(PACKED))
        folder.file(b"one segment twice", content(SEGMENT) * 2)
        folder.file(b"zeros", bytes(2 * SEGMENT + 5))
        folder.file(b"small zeros", bytes(4_096))
        folder.file(b"sparse")
        fd = os.open(b"sparse", os.O_WRONLY, dir_fd=folder.fd)
        try:
            os.pwrite(fd, b"in the middle", 2_000_000)
            os.truncate(fd, 4_000_000)
        finally:
            os.close(fd)
        for number in range(30):
            folder.file(b"small %02d" % number, content(100 + number * 37, number))


def _metadata(top: _Folder) -> None:
    # Only root can read files without permissions.
    closed = (0o000,) if os.geteuid() == 0 else ()
    with top.folder(b"modes") as folder:
        for mode in (*closed, 0o400, 0o444, 0o600, 0o644, 0o755, 0o2755, 0o4755, 0o7777):
            folder.file(b"file %04o" % mode, b"%o" % mode, mode)
        for mode in (*closed, 0o500, 0o555, 0o700, 0o1777, 0o2750):
            with folder.folder(b"folder %04o" % mode, mode) as below:
                below.file(b"inside", b"%o" % mode)
    with top.folder(b"times", mtime_ns=TIMES[4]) as folder:
        for number, mtime_ns in enumerate(TIMES):
            folder.file(b"file %d" % number, b"t", mtime_ns=mtime_ns)
            folder.link(b"link %d" % number, b"file %d" % number, mtime_ns)
            with folder.folder(b"folder %d" % number, mtime_ns=mtime_ns):
                pass
    with top.folder(b"empty"), top.folder(b".hidden empty"):
        pass
    with top.folder(b".hidden") as folder:
        folder.file(b".file", b"hidden")


def _links(top: _Folder) -> None:
    with top.folder(b"links") as folder:
        folder.file(b"file", b"linked to")
        with folder.folder(b"folder") as below:
            below.file(b"file", b"in the folder")
            below.link(b"up", b"..")
        folder.link(b"relative", b"file")
        folder.link(b"absolute", b"/etc/passwd")
        folder.link(b"dangling", b"no/such/file")
        folder.link(b"self", b"self")
        folder.link(b"here", b".")
        folder.link(b"to folder", b"folder")
        folder.link(b"to folder slash", b"folder/")
        folder.link(b"outside", b"../../../../../../tmp")
        folder.link(b"not utf-8 \xff", b"target \xfe\n\x1b[2J")
        folder.link(b"long", b"x/" * 2_000)


def _specials(top: _Folder, root: bytes) -> None:
    with top.folder(b"special") as folder:
        folder.file(b"between", b"a regular file among the others")
        os.mkfifo(b"fifo", dir_fd=folder.fd)
        with socket.socket(socket.AF_UNIX) as unix:
            # By descriptor: a socket's address has at most 107 bytes.
            unix.bind(f"/proc/self/fd/{folder.fd}/socket")
        try:
            device = os.makedev(1, 3)
            os.mknod(b"device", stat.S_IFCHR | 0o600, device, dir_fd=folder.fd)
        except OSError as refused:
            if refused.errno not in (errno.EPERM, errno.EACCES):
                raise


def _deep(top: _Folder, levels: int) -> None:
    with top.folder(b"deep") as folder:
        fd = os.dup(folder.fd)
        try:
            for level in range(levels):
                name = b"%04d-" % level + b"d" * 195
                os.mkdir(name, 0o755, dir_fd=fd)
                below = os.open(name, _DIRECTORY, dir_fd=fd)
                os.close(fd)
                fd = below
                if level % 10 == 9 or level == levels - 1:
                    _Folder(fd).file(b"file at %d" % level, b"%d" % level)
                    _Folder(fd).link(b"link", b"file at %d" % level)
        finally:
            os.close(fd)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Become another user for a while: root can read and write everything."""
    group = os.getegid()
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65_534)
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def naive_walk(root: Path) -> dict[bytes, os.stat_result]:
    """Every path as `model.entries` writes it, with its stat, in no particular order."""
    found: dict[bytes, os.stat_result] = {}

    def look(path: bytes, fd: int, name: bytes, status: os.stat_result) -> None:
        found[path] = status

    _visit(root, look)
    return found


def compare_trees(a: Path, b: Path, *, owners: bool = False) -> list[str]:
    """Differences in names, kinds, content, modes, mtimes (ns), symlink targets; `owners` too.

    Empty when the trees are the same.
    """
    left, right = _describe(a, owners=owners), _describe(b, owners=owners)
    differences = [f"only in {a}: {path!r}" for path in sorted(left.keys() - right.keys())]
    differences += [f"only in {b}: {path!r}" for path in sorted(right.keys() - left.keys())]
    for path in sorted(left.keys() & right.keys()):
        for what, one in left[path].items():
            other = right[path].get(what)
            if one != other:
                differences.append(f"{path!r}: {what} {one!r} != {other!r}")
    return differences


def _describe(root: Path, *, owners: bool) -> dict[bytes, dict[str, object]]:
    described: dict[bytes, dict[str, object]] = {}

    def look(path: bytes, fd: int, name: bytes, status: os.stat_result) -> None:
        kind, mode = stat.S_IFMT(status.st_mode), oct(stat.S_IMODE(status.st_mode))
        facts: dict[str, object] = {"kind": kind, "mtime_ns": status.st_mtime_ns}
        if owners:
            facts |= {"owner": status.st_uid, "group": status.st_gid}
        if kind == stat.S_IFLNK:
            facts |= {"target": os.readlink(name, dir_fd=fd)}
        elif kind == stat.S_IFREG:
            facts |= {"mode": mode, "size": status.st_size, "sha256": _sha256(name, fd)}
        elif kind == stat.S_IFDIR:
            facts |= {"mode": mode}
        else:
            facts |= {"mode": mode, "device": status.st_rdev}
        described[path] = facts

    _visit(root, look)
    return described


def _visit(root: Path, look: Callable[[bytes, int, bytes, os.stat_result], None]) -> None:
    """Call `look` with path, parent descriptor, name and stat of every entry."""
    fd = os.open(root, _DIRECTORY)
    look(b"", fd, b".", os.fstat(fd))
    todo = [(fd, b"")]
    while todo:
        fd, prefix = todo.pop()
        try:
            for text in os.listdir(fd):
                name = os.fsencode(text)
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                path = prefix + name
                if stat.S_ISDIR(status.st_mode):
                    path += b"/"
                    todo.append((os.open(name, _DIRECTORY, dir_fd=fd), path))
                look(path, fd, name, status)
        finally:
            os.close(fd)


def _sha256(name: bytes, folder: int) -> str:
    digest = hashlib.sha256()
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        while block := os.read(fd, 1 << 20):
            digest.update(block)
    finally:
        os.close(fd)
    return digest.hexdigest()


def small_files(
    root: Path,
    count: int,
    seed: int = 1,
    *,
    median: int = 2_048,
    sigma: float = 1.0,
    largest: int = PACKED,
) -> int:
    """Make `count` files of log-normal sizes under `root`; returns their bytes.

    200 files per directory, 50 such directories in a directory: ``d000/e00/f00000``. The same
    seed makes the same tree, except for times. Half of the content is text-like, half random.
    """
    rng = random.Random(seed)
    noise = rng.randbytes(1 << 20)
    words = b" ".join(b"%x" % rng.getrandbits(12) for _ in range(1 << 18))
    mu, total, made = math.log(median), 0, 0
    while made < count:
        folder = root / f"d{made // 10_000:03}" / f"e{made // 200 % 50:02}"
        folder.mkdir(parents=True)
        fd = os.open(folder, _DIRECTORY)
        try:
            for number in range(made, min(made + 200, count)):
                size = min(int(rng.lognormvariate(mu, sigma)), largest)
                pool = noise if number % 2 else words
                begin = rng.randrange(len(pool) - largest)
                out = os.open(f"f{number:07}", _NEW, 0o644, dir_fd=fd)
                try:
                    total += os.write(out, (b"%d\n" % number + pool[begin : begin + size])[:size])
                finally:
                    os.close(out)
        finally:
            os.close(fd)
        made += 200
    return total
