"""Commands about the engine itself: its machine, its key, its database and its end."""

from __future__ import annotations

from usenetsync_tui.model.value_object import value_object


@value_object
class Examine:
    """Examine this machine for what may stop the program; see `EngineStatus.examination`."""

    post: bool = False
    """Post an article to each server, too."""
    sums: bool = True
    """Compare the catalogue's sums, which takes minutes where it is large."""


@value_object
class StopExamining:
    """Stop the examination."""


@value_object
class ShowKey:
    """Write into the log where the key is, and whether it opens each folder's key."""


@value_object
class ChangeKey:
    """Wrap the keys of all folders with another key file or passphrase."""

    path: bytes
    """The file of the new one; absolute."""
    is_passphrase: bool = False
    """Whether it holds a passphrase, and not a key."""


@value_object
class BackUpDatabase:
    """Write the whole catalogue into a new file."""

    path: bytes
    """Absolute."""
    with_articles: bool = False
    """Also the articles of the shards store."""


@value_object
class RestoreDatabase:
    """Replace the catalogue by a backup."""

    path: bytes
    """Absolute."""
    replace: bool = True
    """The user has agreed to lose what is there; else it must be empty."""


@value_object
class Drain:
    """Finish what is in flight, start nothing new, stop. Jobs can be resumed."""

    hand_over: bool = False
    """Another program takes over at once; the windows of this engine wait for it."""
