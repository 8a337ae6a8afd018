"""guard: when a source is not what it was. Rules, without disk or catalogue.

A missing source is not an empty one (DESIGN §2, promise 12): an upload compares what it finds
with the newest finished version, or with the version under construction while none is finished.

**The folder** is refused, and nothing of it removed, when it

* cannot be opened, or is not the same directory any more after it was walked;
* holds no file any more, though the version does;
* is on another file system, see below;
* lacks more than half of at least `MANY` files and symlinks of the version. The folder's own
  file system is judged by itself, and the folder as a whole.

**A mount point inside it** stays as it was, with all below it, when it

* is not mounted any more, whether its directory is there or not;
* has another file system mounted;
* is as empty, or has lost as much, as the folder itself would be refused for;
* is new, and most of what was below it is gone: it hides what the directory held before.

The job is then incomplete. What is mounted and was not, and hides nothing, is new files.

**Another file system.** Device numbers tell nothing: they change when a machine starts again, when
a disk is plugged in again, and for NFS, btrfs or tmpfs with every mount. Two looks at a file system
are compared by the first of these that both know: its UUID; the `f_fsid` of statfs(2), where that
is more than the device's number; what is mounted (``server:/export``). Where they share none, by
its type. After that the directory's path *inside* the file system must be the same, which tells
one bind mount from another, and a folder that was a bind mount from the directory below it.

Limits. Two file systems without a UUID that are mounted from devices (FAT without udev) and all
overlays are told apart by nothing but the files on them. A tmpfs is another one after each start
(before Linux 6.6 it has no identifier). A copy of a disk, block by block, is the same disk; one
made file by file is another, and has to be allowed once. Mount points whose path is longer than
`LONGEST` are not watched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from usenetsync_tui.model.figures import number, plural
from usenetsync_tui.model.path_keys import KEY_HEAD
from usenetsync_tui.model.sources import FileSystem, Refusal, RefusalKind

MANY = 100
"""Files from which on losing more than half of them is not taken for granted."""
LONGEST = KEY_HEAD
"""Bytes of a mount point's path: keys of the catalogue hold no more of one."""
FOLDER = b""
"""The folder itself among its mount points."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What became of the files and symlinks of a version in a part of the folder."""

    files: int
    """Those there were."""
    missing: int
    """Those of them that are gone."""
    left: bool
    """Whether any file or symlink is there now, an old or a new one."""

    @property
    def is_most(self) -> bool:
        """More than half of many."""
        return self.files >= MANY and self.is_half

    @property
    def is_half(self) -> bool:
        """More than half of however few."""
        return 2 * self.missing > self.files

    @property
    def is_all(self) -> bool:
        """There were files, and now there is none."""
        return self.missing > 0 and not self.left


def is_another(before: FileSystem, now: FileSystem) -> bool:
    """Whether two looks saw different file systems, or different places in one."""
    known = (before.uuid, now.uuid), (before.fsid, now.fsid), (before.source, now.source)
    both = next(((a, b) for a, b in known if a and b), (before.type, now.type))
    if all(both) and both[0] != both[1]:
        return True
    return bool(before.location and now.location) and before.location != now.location


def judge_folder(version: int, whole: Loss, own: Loss) -> Refusal | None:
    """Why the folder is refused for what is gone: of it all, and of its own file system."""
    if whole.is_all:
        return Refusal(RefusalKind.EMPTY, version, whole.files, whole.missing)
    worst = next((loss for loss in (whole, own) if loss.is_most), None)
    if worst is None:
        return None
    return Refusal(RefusalKind.SHRUNK, version, worst.files, worst.missing)


def judge_mount(loss: Loss, *, is_new: bool) -> str:
    """Why a mount point stays as it was; empty when it does not."""
    if is_new and loss.missing and loss.is_half:
        return f"is a mount point now and was none; {_gone(loss)} below it{STAYS}"
    if loss.is_all:
        return f"is mounted but empty, and held {plural(loss.files, 'file')}{STAYS}"
    if loss.is_most:
        return f"is mounted, but {_gone(loss)} in it{STAYS}"
    return ""


def judge_entered(before: FileSystem | None, now: FileSystem | None) -> str:
    """Why a directory that may be a mount point is not entered; empty when it is.

    `before`: what was mounted there when the version was made, `now`: what is.
    """
    if before is None:
        return ""
    if now is None:
        return NOT_MOUNTED
    if is_another(before, now):
        return f"has another file system mounted than before ({before}, now {now}){STAYS}"
    return ""


def outermost(paths: Collection[bytes]) -> list[bytes]:
    """Those of some mount points that lie below no other one, in order."""
    found: list[bytes] = []
    for path in sorted(paths):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return found


def is_below(path: bytes, places: Collection[bytes]) -> bool:
    """Whether a path is one of some mount points, or below one."""
    return any(path.startswith(place) for place in places)


def to_remember(
    before: Mapping[bytes, FileSystem],
    now: Mapping[bytes, FileSystem],
    guarded: Mapping[bytes, bool],
) -> dict[bytes, FileSystem]:
    """The mount points that the next version is compared with.

    `guarded`: those that stayed as they were, with all below, and whether they could be read. What
    is below those is remembered as before; what was new and could not be read any more, as seen.
    What was there before, and is neither guarded nor found, could not be looked at.
    """
    found = {}
    for path in before.keys() | now.keys():
        place = next((place for place in guarded if path.startswith(place)), None)
        if place is None:
            seen = now.get(path) or before.get(path)
        else:
            seen = before.get(path) or (None if guarded[place] else now.get(path))
        if seen is not None:
            found[path] = seen
    return found


STAYS = ": what is below it stays as it was"
"""What becomes of a guarded mount point."""
NOT_MOUNTED = f"was a mount point when it was last kept, and is not mounted{STAYS}"
UNMOUNTED = f"was unmounted while it was read{STAYS}"


def _gone(loss: Loss) -> str:
    return f"{number(loss.missing)} of the {plural(loss.files, 'file')} are gone"
