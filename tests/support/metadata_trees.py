"""A tree with all that few files have, and what the system's own tools say about a tree."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from pathlib import Path

import pytest

TOOLS = ("getfacl", "setfacl", "getfattr", "setfattr", "setcap")
SPARSE = 1 << 40
_CAPABILITY = struct.pack("<IIIII", 0x0200_0001, 1 << 13, 0, 0, 0)
"""CAP_NET_RAW, permitted and effective (linux/capability.h, version 2)."""

needs_all = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
    reason="needs root and the packages acl, attr and libcap2-bin",
)


def tree_with_metadata(root: Path, *, nobody: int = 65_534) -> Path:
    """Owners, ACLs, extended attributes, links across directories, holes, special files."""
    for folder in ("a", "b/c"):
        (root / folder).mkdir(parents=True)
    one, large, program = root / "a/one", root / "a/large", root / "a/program"
    one.write_bytes(b"one\n")
    large.write_bytes(os.urandom(200_000))
    program.write_bytes(b"#!/bin/true\n")
    for first, other in ((one, "b/c/also"), (one, "b/other"), (large, "b/large too")):
        os.link(first, root / other)
    os.symlink("one", root / "a/link")
    os.link(root / "a/link", root / "b/link too", follow_symlinks=False)
    os.mkfifo(root / "b/fifo", 0o640)
    os.mknod(root / "b/null", 0o20666, os.makedev(1, 3))
    os.mknod(root / "b/disk", 0o60640, os.makedev(7, 99))
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(root / "b/socket"))
    _sparse(root / "a/sparse", SPARSE, 0, 500 << 30, SPARSE - 4_096)
    _sparse(root / "a/hole", 1 << 30)
    _sparse(root / "a/small hole", 40_000, 20_480)
    os.chown(large, nobody, nobody)
    os.chown(root / "b/null", 1, 2)
    os.chmod(program, 0o4755)
    _run("setfacl", "-m", f"u:{nobody}:r,g:1:rx", one)
    _run("setfacl", "-d", "-m", f"u:{nobody}:rwx", root / "b")
    _run("setfacl", "-m", "g:2:r", root / "b/c")
    os.setxattr(one, b"user.name \xff", b"\0 value")
    os.setxattr(root / "b", "trusted.of.a.directory", b"d")
    os.setxattr(root / "a/link", "trusted.of.a.link", b"l", follow_symlinks=False)
    os.setxattr(program, "security.capability", _CAPABILITY)
    for folder in ("a", "b/c", "b"):
        os.utime(root / folder, ns=(1_577_836_800_123_456_789,) * 2)
    return root


def _sparse(path: Path, size: int, *offsets: int) -> None:
    with path.open("wb") as file:
        os.ftruncate(file.fileno(), size)
        for offset in offsets:
            os.pwrite(file.fileno(), os.urandom(4_096), offset)


def told(root: Path) -> dict[str, list[str]]:
    """What getfacl, getfattr, find, stat and du say, by tool."""
    devices = [str(p.relative_to(root)) for p in (root / "b/null", root / "b/disk") if p.exists()]
    commands = {
        "getfacl": ["getfacl", "-R", "-n", "."],
        "getfattr": ["getfattr", "-R", "-h", "-d", "-m", "-", "."],
        "find": ["find", ".", "-printf", r"%p|%y|%m|%U|%G|%s|%b|%n|%T@|%l\n"],
        "stat": ["stat", "-c", "%n %F %t %T", *devices] if devices else ["true"],
        "du": ["du", "-a"],
    }
    return {tool: sorted(_run(*argv, at=root).splitlines()) for tool, argv in commands.items()}


def linked(root: Path) -> set[frozenset[str]]:
    """The names of each file that has several."""
    found: dict[tuple[int, int], set[str]] = {}
    for path in root.rglob("*"):
        status = path.lstat()
        if not path.is_dir() or path.is_symlink():
            where = found.setdefault((status.st_dev, status.st_ino), set())
            where.add(str(path.relative_to(root)))
    return {frozenset(names) for names in found.values() if len(names) > 1}


def _run(*argv: str | Path, at: Path | None = None) -> str:
    done = subprocess.run([*map(str, argv)], cwd=at, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "backslashreplace")
