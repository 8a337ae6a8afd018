"""Lists of files: every filter, order and direction, compared with a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listed_folder import DIRECTORIES, Listed, fill, listed
from psycopg import sql

from usenetsync_tui.catalogue.lookups import listing
from usenetsync_tui.catalogue.lookups.browse import CatalogueBrowser
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.matching import matching
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import FileFilter, FileKey, FileOrder, FileQuery, FileView
from usenetsync_tui.model.ports.browser import FileDirectory, FileRow
from usenetsync_tui.postgres.pool import open_pool

_NAME = "test_listing"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A browser of a filled folder, called from outside its event loop."""

    portal: BlockingPortal
    browser: CatalogueBrowser
    folder: Folder
    versions: dict[int, list[Listed]]

    def files(self, query: FileQuery, start: FileKey | None, limit: int) -> list[Listed]:
        rows = self.portal.call(self.browser.files, query, start, limit)
        return [_listed(row) for row in rows]

    def directory(self, query: FileQuery, page: int, start: FileKey | None = None) -> FileDirectory:
        return self.portal.call(self.browser.file_directory, query, page, start)


@pytest.fixture(scope="module")
def shelf(server: str, template: str) -> Iterator[Shelf]:
    """One for all tests of this module, which only read."""
    with copied(server, template) as address, start_blocking_portal() as portal:

        async def make() -> tuple[Folder, dict[int, list[Listed]]]:
            async with open_pool(address, max_size=2, application_name=_NAME) as pool:
                catalogue = Catalogue(pool)
                async with catalogue.transaction() as tx:
                    await folders.keep(tx, b"/data/other", FolderChoices())
                    folder = await folders.keep(tx, b"/data/listed", FolderChoices())
                return folder, await fill(catalogue, folder)

        folder, versions = portal.call(make)
        browser = CatalogueBrowser(address, _NAME)
        yield Shelf(portal, browser, folder, versions)
        portal.call(browser.close)


@contextmanager
def copied(server: str, template: str) -> Iterator[str]:
    with psycopg.connect(server, autocommit=True) as admin:
        name = sql.Identifier(_NAME)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                name, sql.Identifier(template)
            )
        )
        try:
            yield psycopg.conninfo.make_conninfo(server, dbname=_NAME)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _listed(row: FileRow) -> Listed:
    return Listed(row.path, row.kind, row.size, row.state)


_WORDS = st.lists(
    st.sampled_from([b"a", b"AL", b".txt", b"%", b"_", b"\\", b"\xe9", b"\xc9", b"dir/", b"l" * 90])
    | st.binary(max_size=2)
    | st.text(max_size=2).map(lambda text: text.encode("utf-8", "surrogatepass")),
    max_size=2,
).map(tuple)
_SIZE = st.none() | st.sampled_from([0, 1, 999, 1_000, 50_001, 10**12, 1 << 63, 1 << 80])
_FILTERS = st.builds(
    FileFilter,
    words=_WORDS,
    view=st.none() | st.sampled_from(FileView),
    min_size=_SIZE,
    max_size=_SIZE,
)
_QUERIES = st.builds(
    FileQuery,
    folder_id=st.just(0),
    version=st.sampled_from([1, 2]),
    filter=st.just(FileFilter()) | _FILTERS,
    order=st.sampled_from(FileOrder),
    reverse=st.booleans(),
    under=st.none() | st.sampled_from(DIRECTORIES),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_QUERIES, page=st.integers(1, 60))
def test_a_list_is_what_the_model_says(shelf: Shelf, query: FileQuery, page: int) -> None:
    query = replace(query, folder_id=shelf.folder.id)
    expected = listed(shelf.versions[query.version], query)
    assert shelf.files(query, None, 1_000) == expected
    directory = shelf.directory(query, page)
    assert (directory.count, directory.complete) == (len(expected), True)
    assert [key.path for key in directory.keys] == [row.path for row in expected[::page]]
    assert query.is_tree or list(directory.keys) == [row.key for row in expected[::page]]
    for number, key in enumerate(directory.keys):
        begin = number * page
        assert shelf.files(query, key, page) == expected[begin : begin + page]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_QUERIES, path=st.binary(max_size=5), size=st.integers(-1, 2_000))
def test_a_list_goes_on_from_any_key(
    shelf: Shelf, query: FileQuery, path: bytes, size: int
) -> None:
    query = replace(query, folder_id=shelf.folder.id)
    every = listed(shelf.versions[query.version], query)

    def rank(key: FileKey) -> tuple[int, bytes]:
        by_size = query.order is FileOrder.SIZE and not query.is_tree
        return (-key.size if by_size else 0), key.path

    start = FileKey(path, size)
    if query.reverse and not query.is_tree:
        expected = [row for row in every if rank(row.key) <= rank(start)]
    else:
        expected = [row for row in every if rank(row.key) >= rank(start)]
    assert shelf.files(query, start, 1_000) == expected
    assert shelf.directory(query, 7, start).count == len(expected)


@pytest.mark.parametrize("order", FileOrder)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_long_filtered_list_is_counted_piece_by_piece(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, order: FileOrder, reverse: bool
) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 20)
    query = FileQuery(shelf.folder.id, 2, FileFilter(words=(b"",)), order, reverse)
    keys = [row.key for row in listed(shelf.versions[2], query)]
    found, start, complete = [], None, False
    while not complete:
        directory = shelf.directory(query, 5, start)
        complete = directory.complete
        assert complete or (directory.count, len(directory.keys)) == (20, 4)
        found = found[:-1] + list(directory.keys)
        start = found[-1]
    assert found == keys[::5]
    assert directory.count == len(keys) - keys.index(directory.keys[0])


@pytest.mark.parametrize("order", FileOrder)
def test_many_files_are_being_posted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, order: FileOrder
) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)  # so that they are not looked up by name
    for version in (1, 2):
        query = FileQuery(shelf.folder.id, version, FileFilter(view=FileView.POSTING), order)
        expected = listed(shelf.versions[version], query)
        assert len(expected) > 3
        assert shelf.files(query, None, 1_000) == expected


def test_an_empty_list(shelf: Shelf) -> None:
    nothing = FileQuery(shelf.folder.id + 1, 1)
    assert shelf.files(nothing, None, 9) == []
    assert (shelf.directory(nothing, 9).count, shelf.directory(nothing, 9).keys) == (0, ())


def test_rows_say_where_their_bytes_are(shelf: Shelf) -> None:
    rows = shelf.portal.call(shelf.browser.files, FileQuery(shelf.folder.id, 2), None, 1_000)
    done = [row for row in rows if row.state is FileView.DONE and row.kind == 0 and row.size]
    assert done and all(
        row.object_id and row.digest == FileDigest(DigestKind.BLAKE3, b"s" * 32) for row in done
    )
    assert all((row.posted, row.articles) == (3, 3) for row in done)
    failed = [row for row in rows if row.state is FileView.FAILED]
    assert failed and all(row.reason == "Permission denied" for row in failed)


def test_a_word_that_no_path_can_hold(shelf: Shelf) -> None:
    query = FileQuery(shelf.folder.id, 2, FileFilter(words=(b"a\0",)))
    assert shelf.files(query, None, 9) == []


def test_every_placeholder_is_filled() -> None:
    every = FileFilter((b"a",), FileView.POSTING, 1, 2, (b"a*", b"A?"))
    query = FileQuery(1, 2, every, FileOrder.SIZE)
    for name in ("page", "directory", "count_from", "limited_directory"):
        wanted = matching(1, 2, query.filter)
        said, values = listing.statement(name, query, FileKey(b"a", 1), wanted)
        assert not re.search(r"\{\w+\}", said)
        named = set(re.findall(r"%\((\w+)\)", said))
        assert named - set(values) <= {"limit", "page"}
