"""Commands about a folder: what it is kept with, and where it is."""

from __future__ import annotations

from dataclasses import replace

from usenetsync_tui.model.filters import FilterChoices, Filters
from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import KeepPolicy


@value_object
class FolderChoices:
    """The choices for a folder; None keeps the stored one."""

    store: StoreKind | None = None
    profile: Profile | None = None
    copies: int | None = None
    priority: Priority | None = None
    compression: Compression | None = None
    own_files: bool | None = None
    """Include UsenetSync's own configuration, keys and logs, if the folder has them."""
    ignore_inode: bool | None = None
    """A new inode number alone does not count as a change."""
    newsgroups: tuple[str, ...] | None = None
    """The newsgroups to post to, on Usenet."""
    poster: str | None = None
    """The poster of ``plain`` articles: ``Name <name@example.com>``."""
    obfuscate: bool | None = None
    """``plain`` articles have a random poster, subject and name; the NZB has the real names."""
    filters: FilterChoices = FilterChoices()

    @property
    def is_for_next_run(self) -> bool:
        """Whether a choice takes effect only in the next upload, not in a running one."""
        rest = replace(self, priority=None, newsgroups=None, poster=None, obfuscate=None)
        return rest != FolderChoices()


@value_object
class MoveFolder:
    """A folder is at another path from now on; it keeps its name, its versions and its key."""

    folder_id: int
    path: bytes
    """Absolute."""


@value_object
class Choose:
    """Store these choices for a folder; its open job, if any, gets the priority at once."""

    folder_id: int
    choices: FolderChoices


@value_object
class SetKeepRules:
    """Which versions of a folder are kept from now on: they run after each of its uploads."""

    folder_id: int
    policy: KeepPolicy


@value_object
class RemoveFolder:
    """Forget all versions of a folder, and the folder itself. Its files on disk stay."""

    folder_id: int


@value_object
class PreviewFilters:
    """Find what the next version would leave out with these filters; see `EngineStatus.preview`.

    It replaces an earlier preview.
    """

    folder_id: int
    filters: Filters
    window: int = 0
    """As in `recovery.Share`: the others do not see the preview."""


@value_object
class StopPreview:
    """Stop looking, and forget the previews that this window asked for."""

    window: int = 0
