"""Real file systems for tests: ext4 and FAT on loop devices, tmpfs, and FUSE with quirks.

Each is a context manager that mounts, yields the mount point and unmounts. If this machine does not
allow it, it skips the test with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

import pytest

_PROGRAM = Path(__file__).with_name("quirky_fuse.py")


@contextmanager
def mounted(place: Path, *words: str) -> Iterator[Path]:
    """`mount WORDS… PLACE` until the block ends; creates the folder if needed."""
    place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *words, place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mount {' '.join(words)}: {done.stderr.strip().splitlines()[:1]}")
    try:
        yield place
    finally:
        unmount(place)


def _is_mounted(place: Path) -> bool:
    """From the table of mounts: a bind mount has no device of its own; a dead one has no answer."""
    table = Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4] == os.fspath(place) for line in table)


def unmount(place: Path) -> None:
    """Unmount the uppermost mount on a path, even if a process still uses it."""
    if _is_mounted(place):
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def tmpfs(place: Path, size: str = "64m") -> Iterator[Path]:
    """A file system in memory with a size such as ``1m``."""
    with mounted(place, "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs") as made:
        yield made


@contextmanager
def ext4(
    place: Path, *, inode_size: int = 256, megabytes: int = 32, image: Path | None = None
) -> Iterator[Path]:
    """An ext4 in a file of its own; inodes of 128 bytes store only whole seconds."""
    image = image or place.with_name(f"{place.name}.image")
    made = _made(image, megabytes, "mkfs.ext4", "-q", "-F", "-I", str(inode_size))
    with mounted(place, "-t", "ext4", "-o", "loop", str(made)) as disk:
        yield disk
    image.unlink()


@contextmanager
def vfat(place: Path, *, megabytes: int = 32) -> Iterator[Path]:
    """A FAT in a file of its own: no case, no owners, no links, times of two seconds."""
    image = _made(place.with_name(f"{place.name}.image"), megabytes, "mkfs.vfat")
    with mounted(place, "-t", "vfat", "-o", "loop,utf8", str(image)) as disk:
        yield disk
    image.unlink()


def _made(image: Path, megabytes: int, *words: str) -> Path:
    """A file with a new file system in it."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    try:
        subprocess.run([*words, image], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"{words[0]} is not installed")
    return image


@contextmanager
def quirky(folder: Path, place: Path, *quirks: str) -> Iterator[Path]:
    """`folder` seen through a FUSE file system with quirks (`quirky_fuse.Quirk`) at `place`."""
    pytest.importorskip("mfusepy", reason="mfusepy and libfuse are not installed")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("/dev/fuse is not to be had")
    folder.mkdir(parents=True, exist_ok=True)
    place.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, _PROGRAM, folder, place, *quirks]
    env = {**os.environ, "FUSE_LIBRARY_PATH": find_library("fuse3") or ""}  # not version 2
    with subprocess.Popen(
        words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as server:
        try:
            _await(server, place)
            yield place
        finally:
            unmount(place)
            server.terminate()


def _await(server: subprocess.Popen[bytes], place: Path) -> None:
    until = time.monotonic() + 60
    while not os.path.ismount(place):
        if server.poll() is not None or time.monotonic() > until:
            server.kill()
            words = server.stderr.read().decode(errors="replace") if server.stderr else ""
            pytest.skip(f"no FUSE mount here: {words.strip().splitlines()[-1:]}")
        time.sleep(0.02)


@contextmanager
def away(place: Path) -> Iterator[Path]:
    """Unmount the `ext4` at a path during the block; afterwards it has another loop device."""
    find = ["findmnt", "--noheadings", "--output", "SOURCE", place]
    device = subprocess.run(find, check=True, capture_output=True, text=True).stdout.split()[-1]
    backing = Path("/sys/block") / Path(device).name / "loop" / "backing_file"
    image = backing.read_text().rstrip("\n")
    subprocess.run(["umount", place], check=True)
    spare = Path(f"{image}.spare")
    spare.write_bytes(bytes(1 << 20))
    busy = subprocess.run(
        ["losetup", "--find", "--show", spare], check=True, capture_output=True, text=True
    )
    try:
        yield place
    finally:
        subprocess.run(["mount", "-o", "loop", image, place], check=True)
        subprocess.run(["losetup", "--detach", busy.stdout.strip()], check=True)
        spare.unlink()


@contextmanager
def bound(folder: Path, place: Path) -> Iterator[Path]:
    """A folder that is also mounted at another path."""
    with mounted(place, "--bind", str(folder)) as made:
        yield made
