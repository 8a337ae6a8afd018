"""The tables of a folder's index: its runs, roots, pages, and the realms they refer to.

A page is an object of kind INDEX with one segment. Its bytes stay in the catalogue, so that its
articles can be posted again like those of any other object.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.postgres.arrays import int8_array

_SQL = load(__package__, "posted.sql")


class RunRow(NamedTuple):
    """A planned run; field order is that of the query."""

    version: int
    is_base: bool
    files: int
    objects: int
    size: int
    fingerprints: bytes | None
    at: datetime | None = None
    """The moment before its rows were read (`changes`); None when it is recorded: now."""
    amendment: int = 0
    """0: the run of its version; later ones tell the new names of articles."""


class RootRow(NamedTuple):
    """The planned root of a version; field order is that of the query."""

    attempt: int
    object_id: int | None
    """None: posted before the folder was adopted."""
    at: datetime
    """When it was planned: later names of pages are not in it."""


async def realm_of(tx: Transaction, folder: int) -> int | None:
    """The id of the realm of a folder's index in its present store; None before the first."""
    row = await tx.maybe(_SQL["realm_of"], {"folder": folder})
    return row[0] if row else None


async def secret_of(tx: Transaction, folder: int) -> bytes | None:
    """The wrapped secret of a folder; None before its first index."""
    row = await tx.maybe(_SQL["secret_of"], {"folder": folder})
    return row[0] if row else None


async def add_realm(tx: Transaction, folder: int, wrapped_key: bytes) -> int:
    """Give a folder a realm for its index, with its wrapped secret; returns the id."""
    values = {"folder": folder, "wrapped_key": wrapped_key}
    realm: int = (await tx.one(_SQL["add_realm"], values))[0]
    await tx.run(_SQL["set_realm"], {"folder": folder, "realm": realm})
    return realm


async def place_of(tx: Transaction, folder: int, realm: int) -> int:
    """The number by which a folder's runs refer to a realm, from 0."""
    place: int = (await tx.one(_SQL["place_of"], {"folder": folder, "realm": realm}))[0]
    return place


async def realms(tx: Transaction, folder: int) -> list[int]:
    """The ids of the realms of a folder's objects, in the order of their numbers."""
    return column(await tx.fetch(_SQL["realms"], {"folder": folder}))


class PageRow(NamedTuple):
    """A page of a run, or a root: then all but the bytes is None."""

    data: bytes
    level: int | None = None
    """`model.index.roots.LEAF`, or above it for a directory."""
    number: int | None = None
    """Among those of its level, those of files and those of objects apart."""
    of_objects: bool | None = None
    first_path: bytes | None = None
    first_object: int | None = None
    first_segment: int | None = None
    amendment: int = 0


class LineRow(NamedTuple):
    """The line of a page; field order is that of the query."""

    level: int
    of_objects: bool
    first_path: bytes | None
    first_object: int | None
    first_segment: int | None
    digest: bytes
    size: int
    message_ids: list[bytes]


async def add_page(
    tx: Transaction, folder: int, version: int, object_id: int, row: PageRow
) -> None:
    """Keep a page or root, the source of its articles."""
    values = {"folder": folder, "version": version, "object": object_id, **row._asdict()}
    await tx.run(_SQL["add_page"], values)


async def lines(tx: Transaction, folder: int, realm: int, run: RunRow) -> list[LineRow]:
    """What the root says of a run: its highest directories, or pages where they are few.

    Those of files, then those of objects.
    """
    rows = await tx.fetch(_SQL["lines"], _of_run(folder, realm, run))
    return [LineRow._make(row) for row in rows]


def _of_run(folder: int, realm: int, run: RunRow) -> dict[str, object]:
    return {
        "folder": folder,
        "realm": realm,
        "version": run.version,
        "amendment": run.amendment,
    }


async def lines_of_level(
    tx: Transaction, folder: int, realm: int, run: RunRow, level: int, *, of_objects: bool
) -> list[LineRow]:
    """The pages of one level of a run, of files or of objects."""
    values = {**_of_run(folder, realm, run), "level": level, "of_objects": of_objects}
    rows = await tx.fetch(_SQL["lines_of_level"], values)
    return [LineRow._make(row) for row in rows]


async def directories(
    tx: Transaction, folder: int, realm: int, run: RunRow, level: int, *, of_objects: bool
) -> dict[bytes, int]:
    """The directories of one level of a run, of files or of objects: their bytes and objects."""
    values = {**_of_run(folder, realm, run), "level": level, "of_objects": of_objects}
    return dict(await tx.fetch(_SQL["directories"], values))


async def replace_pages(tx: Transaction, pages: Sequence[int]) -> None:
    """These directories are no longer those of their run; only older roots lead to them."""
    await tx.run(_SQL["replace_pages"], {"pages": int8_array(pages)})


async def page(tx: Transaction, object_id: int) -> bytes:
    """The bytes of a page or root."""
    data: bytes = (await tx.one(_SQL["page"], {"object": object_id}))[0]
    return data


async def forget_unfinished(tx: Transaction, folder: int) -> None:
    """Delete pages of runs that were not planned to their end; none of them was sent."""
    await tx.run(_SQL["forget_unfinished"], {"folder": folder})


async def add_run(tx: Transaction, folder: int, realm: int, run: RunRow) -> None:
    """Record a run whose pages are all planned."""
    await tx.run(_SQL["add_run"], {"folder": folder, "realm": realm, **run._asdict()})


async def runs(tx: Transaction, folder: int, realm: int, version: int) -> list[RunRow]:
    """The planned runs in a realm that make a version: a base and its deltas, or none."""
    values = {"folder": folder, "realm": realm, "version": version}
    return [RunRow(*row) for row in await tx.fetch(_SQL["runs"], values)]


async def is_forgotten(tx: Transaction, folder: int, run: RunRow) -> bool:
    """Whether the version of a run is not there any more: then nothing tells what it had."""
    values = {"folder": folder, "version": run.version}
    forgotten: bool = (await tx.one(_SQL["is_forgotten"], values))[0]
    return forgotten


async def now(tx: Transaction) -> datetime:
    """The database's time."""
    at: datetime = (await tx.one(_SQL["now"]))[0]
    return at


async def root(tx: Transaction, folder: int, realm: int, version: int) -> RootRow | None:
    """The planned root of a version in a realm."""
    row = await tx.maybe(_SQL["root"], {"folder": folder, "realm": realm, "version": version})
    return RootRow._make(row) if row else None


async def is_given_up(tx: Transaction, object_id: int) -> bool:
    """Whether an article of a root was given up under its name, or has another one."""
    given_up: bool = (await tx.one(_SQL["is_given_up"], {"object": object_id}))[0]
    return given_up


async def is_root(tx: Transaction, object_id: int) -> bool:
    """Whether an object is a root: its articles are found by their names, and keep them."""
    root: bool = (await tx.one(_SQL["is_root"], {"object": object_id}))[0]
    return root


async def drop_root(tx: Transaction, object_id: int, new: int, version: int | None) -> None:
    """Delete a root that `new` replaces. `version`: that whose first root it is, if it is one."""
    await tx.run(_SQL["drop_root"], {"object": object_id, "new": new, "version": version})


async def add_root(
    tx: Transaction,
    folder: int,
    realm: int,
    version: int,
    attempt: int,
    object_id: int,
    at: datetime | None = None,
) -> None:
    """Record a planned root, in the place of an earlier attempt.

    `at`: the moment before what it says was read (`changes`); None: now.
    """
    values = {"folder": folder, "realm": realm, "version": version, "at": at}
    await tx.run(_SQL["add_root"], {**values, "attempt": attempt, "object": object_id})


async def know_root(tx: Transaction, folder: int, realm: int, version: int, attempt: int) -> None:
    """Record that the root of a version is in the store, unless it is known."""
    values = {"folder": folder, "realm": realm, "version": version, "attempt": attempt}
    await tx.run(_SQL["know_root"], values)


async def attempts(tx: Transaction, folder: int, realm: int) -> dict[int, int]:
    """The attempt of each planned root of a folder in a realm, by version."""
    return dict(await tx.fetch(_SQL["attempts"], {"folder": folder, "realm": realm}))


async def mark_indexed(tx: Transaction, folder: int, version: int) -> None:
    """The index of a version is posted."""
    await tx.run(_SQL["mark_indexed"], {"folder": folder, "version": version})


async def to_index(tx: Transaction, folder: int, realm: int) -> list[int]:
    """The finished versions whose index is not posted yet, oldest first.

    Of the versions from before a folder's first index in a realm only the newest gets one.
    """
    return column(await tx.fetch(_SQL["to_index"], {"folder": folder, "realm": realm}))


async def has_unposted(tx: Transaction, folder: int, realm: int) -> bool:
    """Whether articles of a folder's index in a realm are not posted."""
    has: bool = (await tx.one(_SQL["has_unposted"], {"folder": folder, "realm": realm}))[0]
    return has


async def unposted_pages(tx: Transaction, folder: int, realm: int) -> tuple[int, str | None]:
    """How many articles of the pages of the newest versions are not posted, and a reason."""
    row = await tx.one(_SQL["unposted_pages"], {"folder": folder, "realm": realm})
    return row[0], row[1]


async def is_posted(tx: Transaction, object_id: int) -> bool:
    """Whether all articles of a page or root are posted."""
    whole: bool = (await tx.one(_SQL["is_posted"], {"object": object_id}))[0]
    return whole


async def is_indexed(tx: Transaction, folder: int, version: int) -> bool:
    """Whether a version has had its index."""
    indexed: bool = (await tx.one(_SQL["is_indexed"], {"folder": folder, "version": version}))[0]
    return indexed


async def renamed_since(tx: Transaction, folder: int, first: RunRow, last: RunRow) -> bool:
    """Whether articles of the versions of some runs have names that these do not tell."""
    values = {"base": first.version, "version": last.version, "at": last.at}
    found: bool = (await tx.one(_SQL["renamed_since"], {"folder": folder, **values}))[0]
    return found


async def replaced_since(tx: Transaction, folder: int, last: RunRow) -> bool:
    """Whether content of a run's version was posted again, as another object, after the run."""
    values = {"folder": folder, "version": last.version, "at": last.at}
    found: bool = (await tx.one(_SQL["replaced_since"], values))[0]
    return found


async def pages_renamed_since(
    tx: Transaction, folder: int, realm: int, runs: Sequence[RunRow], at: datetime
) -> bool:
    """Whether articles of the pages of a base and its deltas got other names since a time."""
    values = {"folder": folder, "realm": realm, "at": at}
    values |= {"base": runs[0].version, "version": runs[-1].version}
    found: bool = (await tx.one(_SQL["pages_renamed_since"], values))[0]
    return found


async def last_of_bases(tx: Transaction, folder: int, realm: int) -> list[int]:
    """The newest version with an index in a realm of each base there, newest first."""
    return column(await tx.fetch(_SQL["last_of_bases"], {"folder": folder, "realm": realm}))


async def object_offset(tx: Transaction, folder: int) -> int:
    """What the ids of a folder's objects are above the numbers that its index gives them."""
    offset: int = (await tx.one(_SQL["object_offset"], {"folder": folder}))[0]
    return offset


async def next_object(tx: Transaction, folder: int) -> int:
    """Above the ids of all objects of a folder."""
    number: int = (await tx.one(_SQL["next_object"], {"folder": folder}))[0]
    return number
