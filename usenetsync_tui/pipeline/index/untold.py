"""untold: what the index of a version does not tell yet of names that articles got since.

Knows whether a further root can tell them. Refuses to know how that is posted (`post_index`).
"""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.codec.index.keys import ATTEMPTS
from usenetsync_tui.model.value_object import value_object

FOR_REPAIRS = 3
"""How many names of a root are left for new names of articles: forgetting versions uses no more."""


@value_object
class Untold:
    """What has changed since the last root of a version that leads to those down to its base."""

    version: int
    attempt: int
    """Of its root, from 0."""
    of_objects: bool = False
    """Articles of objects have other names, or content was posted again as another object."""
    of_pages: bool = False
    """Articles of the index have other names, or a run is planned that no root lists."""

    @property
    def is_any(self) -> bool:
        """Whether anything waits to be told."""
        return self.of_objects or self.of_pages

    @property
    def waits(self) -> str:
        """Why it cannot be told: a sentence without its end; empty if it can, or nothing waits."""
        if not self.is_any or self.attempt + 1 < ATTEMPTS:
            return ""
        return (
            f"the root of version {self.version} has been renewed {self.attempt} times, and has no "
            "more names: where articles were posted again waits for the index of the next version"
        )


async def untold(tx: Transaction, folder: int, realm: int, version: int) -> Untold | None:
    """What the index of a version in a realm does not tell; None if the version has none there."""
    runs = await posted.runs(tx, folder, realm, version)
    root = await posted.root(tx, folder, realm, version)
    if not runs or root is None:
        return None
    first, last = runs[0], runs[-1]
    of_objects = await posted.renamed_since(tx, folder, first, last)
    of_objects = of_objects or await posted.replaced_since(tx, folder, last)
    of_pages = await posted.pages_renamed_since(tx, folder, realm, runs, root.at)
    later = last.at is not None and last.at > root.at  # planned, and killed before its root
    return Untold(version, root.attempt, of_objects, of_pages or later)


async def what_waits(tx: Transaction, folder: int) -> str:
    """Why names that articles got are not in the newest index of a folder; empty: they are."""
    realm = await posted.realm_of(tx, folder)
    versions = await posted.last_of_bases(tx, folder, realm) if realm is not None else []
    if realm is None or not versions:
        return ""
    found = await untold(tx, folder, realm, versions[0])
    return found.waits if found is not None else ""


async def closed_ranges(tx: Transaction, folder: int, realm: int) -> list[tuple[int, int]]:
    """First and last versions of ranges whose index can tell no more that is not a repair."""
    found: list[tuple[int, int]] = []
    for version in await posted.last_of_bases(tx, folder, realm):
        runs = await posted.runs(tx, folder, realm, version)
        root = await posted.root(tx, folder, realm, version)
        if not runs or root is None or root.attempt + 1 >= ATTEMPTS - FOR_REPAIRS:
            found.append((runs[0].version if runs else 1, version))
    return found


async def is_all_told(tx: Transaction, folder: int) -> bool:
    """Whether the posted index of every version tells where its articles are now."""
    realm = await posted.realm_of(tx, folder)
    if realm is None:
        return True
    for version in await posted.last_of_bases(tx, folder, realm):
        found = await untold(tx, folder, realm, version)
        root = await posted.root(tx, folder, realm, version)
        if found is not None and found.is_any:
            return False
        object_id = root.object_id if root is not None else None
        if object_id is not None and not await posted.is_posted(tx, object_id):
            return False
    return True
