"""How to tell a missing source from an empty one: file systems and reasons for a refusal."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.text.figures import number, plural
from usenetsync_tui.model.value_object import value_object


@value_object
class FileSystem:
    """The file system that a folder, or a mount point in it, is on. Empty: not known.

    It has no device number: that changes when the machine or the disk is started again.
    """

    type: str = ""
    """``ext4``, ``nfs4``, ``fuse.sshfs``…"""
    uuid: str = ""
    """The identifier it got when it was made, in lower-case hexadecimal digits."""
    fsid: str = ""
    """``f_fsid`` of statfs(2), where that is more than a device number."""
    source: str = ""
    """The mounted source, if it is not a device: ``server:/export``."""
    location: bytes = b""
    """The directory's path inside the file system: a bind mount can show any part of it."""

    def __str__(self) -> str:
        named = self.source or self.uuid or self.fsid
        return f"{self.type or 'unknown'} {named}".rstrip()


class RefusalKind(StrEnum):
    """What is wrong with a source."""

    GONE = "gone"
    """It cannot be opened or listed."""
    EMPTY = "empty"
    """Nothing is left in it."""
    ANOTHER_FILE_SYSTEM = "another_file_system"
    """It is on another file system than before."""
    SHRUNK = "shrunk"
    """Most of its files are gone."""
    REPLACED = "replaced"
    """It was unmounted or replaced while it was read."""


@value_object
class Refusal:
    """Why an upload refuses a folder as it is now."""

    kind: RefusalKind
    version: int = 0
    """The version that the upload compared the folder with; 0: none."""
    files: int = 0
    """Files and symlinks of that version."""
    missing: int = 0
    """Those of them that are gone."""
    detail: str = ""
    """The system's words, or the file systems before and now; safe to show."""

    @property
    def can_be_allowed(self) -> bool:
        """Whether the upload can accept the folder as it is now, if the user allows it."""
        return self.kind not in (RefusalKind.GONE, RefusalKind.REPLACED)

    @property
    def finding(self) -> str:
        """What the upload found, in a sentence."""
        match self.kind:
            case RefusalKind.GONE:
                return f"The folder cannot be read: {self.detail}."
            case RefusalKind.EMPTY:
                held = plural(self.files, "file")
                return f"The folder is empty; version {self.version} holds {held}."
            case RefusalKind.ANOTHER_FILE_SYSTEM:
                return (
                    "The folder is on another file system than in version "
                    f"{self.version}: {self.detail}."
                )
            case RefusalKind.SHRUNK:
                are = "is" if self.missing == 1 else "are"
                held = f"the {plural(self.files, 'file')} of version {self.version}"
                return f"{number(self.missing)} of {held} {are} gone."
            case RefusalKind.REPLACED:
                return "The folder was unmounted or replaced while it was read."

    @property
    def advice(self) -> str:
        """What to do now, in a sentence or two."""
        mount = "If its disk is not mounted, mount it and upload again."
        if self.can_be_allowed:
            return f"{mount} If this is intended, upload with --allow-shrink."
        return mount

    def __str__(self) -> str:
        return f"{self.finding} Nothing was removed. {self.advice}"
