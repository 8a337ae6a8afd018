"""The options of how to back up a folder, for the dialogs that add and change one."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.tui.kit.options import Pick

MOST_COPIES = 10

STORES = {
    StoreKind.USENET: Pick(
        "usenet",
        "usenet",
        "Articles on your servers: they stay as long as the provider keeps them.",
    ),
    StoreKind.SHARDS: Pick("shards", "database", "In the database on this machine, not on Usenet."),
}

NAMES_TOO = "names and all"

_SEALED = Pick("sealed", "sealed", "Packed, compressed and encrypted: only you can read it.")
_PACKED = Pick("packed", "packed", "Packed and compressed, not encrypted.")
_PLAIN = "Each file separately and unchanged, so that an NZB can list it."
_PROFILES = {
    StoreKind.USENET: (
        _SEALED,
        Pick("plain", "plain", _PLAIN, f"EVERYBODY can read it, {NAMES_TOO}."),
    ),
    StoreKind.SHARDS: (
        _PACKED,
        _SEALED,
        Pick("plain", "plain", "Each file separately and unchanged."),
    ),
}

PRIORITIES = tuple(
    Pick(priority.name.lower(), priority.name.lower(), hint)
    for priority, hint in (
        (Priority.CRITICAL, "Before everything else."),
        (Priority.HIGH, "Before most others."),
        (Priority.NORMAL, "After critical and high ones, in the order they were started."),
        (Priority.LOW, "After the others."),
        (Priority.BACKGROUND, "When there is nothing else to do."),
    )
)

COMPRESSIONS = (
    Pick(Compression.LZ4, "lz4", "Fast: costs next to nothing."),
    Pick(Compression.LZMA, "lzma", "Smaller, and many times slower."),
    Pick(Compression.NONE, "none", "For what is compressed already: photos, films, archives."),
)

OWN_KEPT, OWN_LEFT_OUT = "kept", "out"
OWN_FILES = (
    Pick(OWN_LEFT_OUT, "excluded", "UsenetSync's configuration, keys and logs are not backed up."),
    Pick(OWN_KEPT, "backed up", "UsenetSync's configuration, keys and logs are backed up too."),
)

INODES = (
    Pick("compare", "compare", "A file with another inode number is read again, and compared."),
    Pick("ignore", "ignore", "Size and times decide. For mergerfs, sshfs and network shares."),
)
"""Whether a changed inode number marks a file as changed."""

OBFUSCATED = (
    Pick("no", "no", "Subject, poster and name of each article are readable."),
    Pick("yes", "yes", "Random subject, poster and name: only the NZB has the real names."),
)
"""Whether plain articles hide their names."""

NEWSGROUPS_HINT = "Where to post from now on, separated by commas."
POSTER_HINT = "Who posts from now on: Name <name@example.com>"

COPIES_HINT = f"1 to {MOST_COPIES} articles for each segment: if one is lost, another remains."


def profiles(store: StoreKind) -> Sequence[Pick]:
    """The storage formats of a store. Usenet has no `packed`: it is not encrypted."""
    return _PROFILES[StoreKind.USENET if store is StoreKind.USENET else StoreKind.SHARDS]


def usual_profile(store: StoreKind) -> Profile:
    """The default profile of a store."""
    return Profile.SEALED if store is StoreKind.USENET else Profile.PACKED


def priority_named(name: str) -> Priority:
    """The priority that a `Pick` names. Raises KeyError."""
    return Priority[name.upper()]
