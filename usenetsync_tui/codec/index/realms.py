"""The realms in a root: how articles are named, found and opened (`root` has the format)."""

from __future__ import annotations

from usenetsync_tui.codec.index.varints import Cursor, write_texts
from usenetsync_tui.codec.sealing import KEY_SIZE
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import NEWEST_HEADER_STYLE, Profile, StoreKind
from usenetsync_tui.model.index.roots import IndexRealm
from usenetsync_tui.model.servers.headers import is_domain, newsgroups_problem, poster_problem

_FIELDS = 9


def write_realm(realm: IndexRealm) -> bytes:
    """The text of a realm."""
    return write_texts(
        [
            realm.store.encode(),
            realm.profile.encode(),
            realm.domain.encode(),
            ",".join(realm.newsgroups).encode(),
            realm.sender.encode("utf-8", "surrogateescape"),
            bytes((realm.header_style,)),
            realm.digest.encode(),
            realm.key or b"",
            realm.veil or b"",
        ]
    )


def read_realm(text: bytes) -> IndexRealm:
    """The realm of a text, with all that is in it checked; `IndexUnreadableError`."""
    cursor = Cursor(text)
    fields = cursor.texts()
    cursor.end()
    if len(fields) != _FIELDS or len(fields[5]) != 1:
        raise IndexUnreadableError("A realm lacks something.")
    words = [field.decode("utf-8", "surrogateescape") for field in fields[:5]]
    realm = IndexRealm(
        store=words[0],
        profile=words[1],
        domain=words[2],
        newsgroups=tuple(words[3].split(",")) if words[3] else (),
        sender=words[4],
        header_style=fields[5][0],
        digest=fields[6].decode("ascii", "replace"),
        key=fields[7] or None,
        veil=fields[8] or None,
    )
    problem = _problem(realm)
    if problem:
        raise IndexUnreadableError(f"A realm {problem}.")
    return realm


def _problem(realm: IndexRealm) -> str:
    """What is wrong with a realm; empty when nothing is."""
    if realm.store not in set(StoreKind) or realm.profile not in set(Profile):
        return "has an unknown store or profile"
    if realm.digest not in set(DigestAlgorithm):
        return "has an unknown digest"
    if not 1 <= realm.header_style <= NEWEST_HEADER_STYLE:
        return "has headers of a newer UsenetSync: update this one"
    if (realm.profile == Profile.SEALED) != (realm.key is not None):
        return "has a key where it needs none, or lacks it"
    if any(len(each) != KEY_SIZE for each in (realm.key, realm.veil) if each is not None):
        return "has a key of another length"
    if not is_domain(realm.domain):
        return "has an impossible domain"
    if realm.newsgroups and newsgroups_problem(realm.newsgroups):
        return "has impossible newsgroups"
    if realm.sender and poster_problem(realm.sender):
        return "has an impossible poster"
    return ""
