"""guard: when an upload must not trust what it finds. Rules, without disk or catalogue.

A missing source is not an empty one: an upload compares what it finds with the newest finished
version, or with the version under construction while none is finished.

**The folder.** The upload refuses it, and removes nothing, when it

* cannot be opened, or is another directory after the walk;
* has no files any more, although the version has;
* is on another file system, see below;
* lacks more than half of at least `MANY` files and symlinks of the version. The upload judges the
  folder's own file system alone, and also the folder as a whole.

**A mount point inside it.** The new version repeats the last one below a mount point that

* is no longer mounted, whether its directory exists or not;
* has another file system mounted;
* is as empty, or has lost as many files, as the upload would refuse the folder for;
* is new, while most files that were below it are gone: it hides the earlier directory.

The job is then incomplete. The files of a new mount point that hides nothing are new files.

**Another file system.** Device numbers do not help: they change when a machine restarts, when a
disk is plugged in again, and for NFS, btrfs or tmpfs with every mount. To compare a file system
with an earlier one, we use the first of these that both have: its UUID; the `f_fsid` of statfs(2),
where that is more than the device's number; the mounted source (``server:/export``). If they share
none, we use the type. Then the directory's path *inside* the file system must also be the same,
which tells one bind mount from another, and a folder that was a bind mount from the directory
below it.

Limits. Two file systems without a UUID that are mounted from devices (FAT without udev) and all
overlays differ only by the files on them. A tmpfs is another one after each start (before Linux
6.6 it has no identifier). A copy of a disk, block by block, is the same disk; a copy made file by
file is another, and the user has to allow it once. The upload does not watch mount points whose
path is longer than `LONGEST`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from usenetsync_tui.model.path_keys import KEY_HEAD
from usenetsync_tui.model.sources import FileSystem, Refusal, RefusalKind
from usenetsync_tui.model.text.figures import number, plural
from usenetsync_tui.model.value_object import value_object

MANY = 100
"""The number of files from which losing more than half of them is suspicious."""
LONGEST = KEY_HEAD
"""The most bytes of a mount point's path that a key of the catalogue can hold."""
FOLDER = b""
"""The folder itself among its mount points."""


@value_object
class Loss:
    """How many files and symlinks of a version are gone from a part of the folder."""

    files: int
    """Files and symlinks of the version."""
    missing: int
    """Those of them that are gone."""
    left: bool
    """Whether any file or symlink is there now, an old or a new one."""

    @property
    def is_most(self) -> bool:
        """Whether more than half are gone, of at least `MANY`."""
        return self.files >= MANY and self.is_half

    @property
    def is_half(self) -> bool:
        """Whether more than half are gone, of any number."""
        return 2 * self.missing > self.files

    @property
    def is_all(self) -> bool:
        """Whether there were files and now there are none."""
        return self.missing > 0 and not self.left


def is_another(before: FileSystem, now: FileSystem) -> bool:
    """Whether these are different file systems, or different directories in one."""
    known = (before.uuid, now.uuid), (before.fsid, now.fsid), (before.source, now.source)
    both = next(((a, b) for a, b in known if a and b), (before.type, now.type))
    if all(both) and both[0] != both[1]:
        return True
    return bool(before.location and now.location) and before.location != now.location


def is_same(before: FileSystem, now: FileSystem) -> bool:
    """Whether these are surely one file system, wherever in it the two directories are.

    Two subvolumes of btrfs have one UUID but not one `fsid`.
    """
    known = (before.uuid, now.uuid), (before.fsid, now.fsid), (before.source, now.source)
    both = [(a, b) for a, b in known if a and b]
    return bool(both) and all(a == b for a, b in both)


def judge_folder(version: int, whole: Loss, own: Loss) -> Refusal | None:
    """Why the upload refuses the folder for its losses, in all and on its own file system."""
    if whole.is_all:
        return Refusal(RefusalKind.EMPTY, version, whole.files, whole.missing)
    worst = next((loss for loss in (whole, own) if loss.is_most), None)
    if worst is None:
        return None
    return Refusal(RefusalKind.SHRUNK, version, worst.files, worst.missing)


def judge_mount(loss: Loss, *, is_new: bool) -> str:
    """Why the new version repeats the last one below a mount point; empty: it need not."""
    if is_new and loss.missing and loss.is_half:
        return f"is a new mount point, and {_gone(loss)} below it{STAYS}"
    if loss.is_all:
        return f"is mounted but empty, and had {plural(loss.files, 'file')} before{STAYS}"
    if loss.is_most:
        return f"is mounted, but {_gone(loss)} in it{STAYS}"
    return ""


def judge_entered(before: FileSystem | None, now: FileSystem | None) -> str:
    """Why the walk must not enter a directory that may be a mount point; empty: it may.

    `before`: the file system mounted there in the last version, `now`: the one mounted now.
    """
    if before is None:
        return ""
    if now is None:
        return NOT_MOUNTED
    if is_another(before, now):
        return f"has another file system mounted than before ({before}, now {now}){STAYS}"
    return ""


def outermost(paths: Collection[bytes]) -> list[bytes]:
    """The mount points that are not below another one, in order."""
    found: list[bytes] = []
    for path in sorted(paths):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return found


def is_below(path: bytes, places: Collection[bytes]) -> bool:
    """Whether a path is one of these mount points, or below one."""
    return any(path.startswith(place) for place in places)


def to_remember(
    before: Mapping[bytes, FileSystem],
    now: Mapping[bytes, FileSystem],
    guarded: Mapping[bytes, bool],
) -> dict[bytes, FileSystem]:
    """The mount points to store, with which the next upload compares.

    `guarded`: those below which the version repeats the last one, and whether they can be read.
    Below them the earlier mount points stay; a new one that can no longer be read stays as found.
    An earlier mount point that is neither guarded nor found could not be examined, and stays.
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


STAYS = ": the new version keeps the last state of what is below it"
"""How the version treats a guarded mount point."""
NOT_MOUNTED = f"was a mount point at the last upload, but is not mounted{STAYS}"
UNMOUNTED = f"was unmounted while it was read{STAYS}"


def _gone(loss: Loss) -> str:
    return f"{number(loss.missing)} of the {plural(loss.files, 'file')} are gone"
