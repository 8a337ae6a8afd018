"""A restore into a tree that has other files: what the plan says, and what a model expects.

One version and many random trees on the real disk. The model knows nothing of the program: it
works on dictionaries of paths. The plan, the restored tree and the model must be the same.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import psycopg
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from file_systems import tmpfs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from rows import Rows
from worlds import World, make_world

from usenetsync_tui.disk.restored.overwriting import CAME_IN
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.filters import FilterChoices
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restores.plans import Fate, PlannedPath
from usenetsync_tui.pipeline.restore.surplus import MISSED
from usenetsync_tui.postgres.pool import open_pool

_NAME = "test_living_tree"
_LONG_AGO = 1_600_000_000 * 10**9


class Thing(NamedTuple):
    """What is at a path: a directory ("d"), a file ("f") with its bytes, or a symlink ("l")."""

    kind: str
    data: bytes = b""
    mtime: int = 0
    mode: int = 0o644


Tree = Mapping[bytes, Thing]

DIRECTORY = Thing("d")
VERSION: Tree = {
    b"a": Thing("f", b"a of the version", _LONG_AGO),
    b"b": DIRECTORY,
    b"b-": Thing("f", b"sorts between b and b/x", _LONG_AGO, 0o600),
    b"b/deep": DIRECTORY,
    b"b/deep/z": Thing("f", b"z", _LONG_AGO),
    b"b/large": Thing("f", bytes(range(256)) * 300, _LONG_AGO),
    b"b/x": Thing("f", b"x of the version", _LONG_AGO),
    b"c.skip": Thing("f", b"excluded by the restore", _LONG_AGO),
    b"empty": DIRECTORY,
    b"link": Thing("l", b"a", _LONG_AGO),
    b"\xff\n": Thing("f", b"", _LONG_AGO, 0o755),
}
_OTHERS = (b"new", b"b/new", b"b/deep/new", b"own", b"x.keep", b"b/x.skip", b"own/inside")


def _changed(thing: Thing) -> list[Thing | None]:
    """What may be in place of a thing of the version."""
    if thing == DIRECTORY:
        return [None, DIRECTORY, DIRECTORY, Thing("f", b"a file", _LONG_AGO), Thing("l", b"x")]
    is_file = thing.kind == "f"
    return [
        None,
        thing,
        thing._replace(data=bytes(len(thing.data)) if is_file else b"b"),
        Thing("f", b"newer", thing.mtime + 10**9),
        Thing("f", b"older", thing.mtime - 10**9),
        thing._replace(mode=0o640) if is_file else thing,
        Thing("l", b"/nowhere", _LONG_AGO),
        DIRECTORY,
    ]


@st.composite
def living_trees(draw: st.DrawFn) -> Tree:
    """Trees that have more or less of the version, and other things."""
    tree: dict[bytes, Thing] = {}
    for path, thing in VERSION.items():
        if (found := draw(st.sampled_from(_changed(thing)))) is not None:
            tree[path] = found
    for path in draw(st.sets(st.sampled_from(_OTHERS))):
        tree[path] = draw(st.sampled_from([DIRECTORY, Thing("f", b"other", _LONG_AGO + 5)]))
    for path in draw(st.sets(st.sampled_from([b"a", b"b/x", b"own", b"link"]), max_size=2)):
        for name in draw(st.sets(st.sampled_from([b"/1", b"/2", b"/3.keep"]), min_size=1)):
            tree[path] = DIRECTORY
            tree[path + name] = Thing("f", b"in a directory", _LONG_AGO)
    return {path: thing for path, thing in tree.items() if _stands(tree, path)}


def _stands(tree: Tree, path: bytes) -> bool:
    return all(tree.get(above) == DIRECTORY for above in above_all(path))


def above_all(path: bytes) -> list[bytes]:
    names = path.split(b"/")
    return [b"/".join(names[:count]) for count in range(1, len(names))]


def expected(living: Tree, choices: RestoreChoices, part: bytes) -> Tree:
    """The tree after the restore, as the manual says."""
    tree, is_whole = dict(living), True

    def matches(path: bytes, ending: bytes) -> bool:
        return any(name.endswith(ending) for name in path.split(b"/"))

    def is_inside(path: bytes) -> bool:
        return not part or path == part or path.startswith(part + b"/")

    def stays(path: bytes) -> bool:
        skipped = matches(path, b".skip") and bool(choices.exclude)
        return not is_inside(path) or matches(path, b".keep") or skipped

    def cleared(path: bytes) -> bool:
        mine = [p for p in living if p == path or p.startswith(path + b"/")]
        word = choices.overwrite in (Overwrite.ALWAYS, Overwrite.IF_CHANGED)
        if not (choices.delete and word) or any(map(stays, mine)):
            return False
        for each in mine:
            tree.pop(each, None)
        return True

    for path, thing in sorted(VERSION.items()):
        if not is_inside(path) or (choices.exclude and matches(path, b".skip")):
            continue
        blocked = [p for p in above_all(path) if tree.get(p, DIRECTORY) != DIRECTORY]
        now = tree.get(path)
        if now is not None and (now == DIRECTORY) != (thing == DIRECTORY):
            blocked.append(path)
        if blocked and not cleared(blocked[0]):
            is_whole = False
            continue
        for above in above_all(path):
            tree.setdefault(above, DIRECTORY)
        now = tree.get(path)
        if now is None or (now != DIRECTORY and not _spared(now, thing, choices.overwrite)):
            tree[path] = thing
    if choices.delete and is_whole:
        for path in sorted(living, reverse=True):
            if path in VERSION or stays(path) or path not in tree:
                continue
            if not any(other.startswith(path + b"/") for other in tree):
                del tree[path]
    return tree


def _spared(now: Thing, thing: Thing, word: Overwrite) -> bool:
    match word:
        case Overwrite.ALWAYS:
            return False
        case Overwrite.IF_CHANGED:
            same = (now.kind, len(now.data), now.mtime, now.mode)
            return now.kind == "f" and same == ("f", len(thing.data), thing.mtime, thing.mode)
        case Overwrite.IF_NEWER:
            return now.mtime >= thing.mtime
        case Overwrite.NEVER:
            return True


def foretold(living: Tree, plan: list[PlannedPath]) -> Tree:
    """The tree after the restore, as the plan says."""
    deleted = {row.path.rstrip(b"/") for row in plan if row.fate is Fate.DELETE}
    assert deleted <= living.keys()
    # A directory that gives way to a file is gone, even if nothing is deleted in the end.
    given_way = [row.path + b"/" for row in plan if row.fate is Fate.OVERWRITE]
    tree = {
        path: thing
        for path, thing in living.items()
        if path not in deleted and not path.startswith(tuple(given_way))
    }
    for row in plan:
        path = row.path.rstrip(b"/")
        if row.fate in (Fate.CREATE, Fate.OVERWRITE):
            for above in above_all(path):
                tree[above] = DIRECTORY
            tree[path] = VERSION[path]
    return tree


def build(root: Path, tree: Tree) -> None:
    for path, thing in sorted(tree.items()):
        at = os.path.join(os.fsencode(root), path)
        match thing.kind:
            case "d":
                os.mkdir(at)
            case "l":
                os.symlink(thing.data, at)
            case _:
                Path(os.fsdecode(at)).write_bytes(thing.data)
                os.chmod(at, thing.mode)
        if thing.kind != "d":
            os.utime(at, ns=(thing.mtime, thing.mtime), follow_symlinks=False)


def read(root: Path) -> Tree:
    """The tree on the disk, without what gave way to other things in an incomplete restore."""
    tree: dict[bytes, Thing] = {}
    base = os.fsencode(root)
    for above, directories, files in os.walk(base):
        directories[:] = [d for d in directories if not d.endswith(b".old")]
        for name in (*directories, *files):
            at = os.path.join(above, name)
            status = os.lstat(at)
            data = b""
            if stat.S_ISLNK(status.st_mode):
                data, kind = os.readlink(at), "l"
            elif stat.S_ISDIR(status.st_mode):
                tree[os.path.relpath(at, base)] = DIRECTORY
                continue
            else:
                data, kind = Path(os.fsdecode(at)).read_bytes(), "f"
            if not name.endswith(b".old"):
                mode = stat.S_IMODE(status.st_mode) if kind == "f" else 0o644
                tree[os.path.relpath(at, base)] = Thing(kind, data, status.st_mtime_ns, mode)
    return tree


@dataclass
class Ground:
    """A world with one version, called from outside its event loop."""

    portal: BlockingPortal = field(repr=False)
    world: World = field(repr=False)
    number: int = 0

    def target(self, living: Tree) -> Path:
        self.number += 1
        # Without a space, which the table of mounts writes in another way.
        target = self.world.scratch / f"target-{self.number}"
        target.mkdir()
        build(target, living)
        return target


@pytest.fixture(scope="module")
def ground(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """One for all tests of this module."""
    folder = tmp_path_factory.mktemp("living")
    with ExitStack() as stack:
        address = stack.enter_context(_copied(server, template))
        portal = stack.enter_context(start_blocking_portal())
        pool = stack.enter_context(
            portal.wrap_async_context_manager(
                open_pool(address, max_size=6, application_name=_NAME)
            )
        )
        rows = stack.enter_context(closing(Rows(address)))
        world = make_world(pool, rows, folder)
        world.small(chunk_size=10_000, max_workers=2)
        world.choices = FolderChoices(filters=FilterChoices(exclude=(b"*.keep",)))
        build(world.root, VERSION)
        portal.call(world.completed)
        yield Ground(portal, world)


@contextmanager
def _copied(server: str, template: str) -> Iterator[str]:
    name = sql.Identifier(_NAME)
    words = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL(words).format(name, sql.Identifier(template)))
        try:
            yield psycopg.conninfo.make_conninfo(server, dbname=_NAME)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


_CHOICES = st.builds(
    RestoreChoices,
    exclude=st.sampled_from([(), (b"*.skip",)]),
    overwrite=st.sampled_from(Overwrite),
    delete=st.booleans(),
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(living=living_trees(), choices=_CHOICES, part=st.sampled_from([b"", b"", b"b", b"a"]))
def test_a_restore_does_what_the_plan_and_the_manual_say(
    ground: Ground, living: Tree, choices: RestoreChoices, part: bytes
) -> None:
    target, paths = ground.target(living), (part,) if part else ()
    plan = ground.portal.call(lambda: ground.world.plan(1, target, choices, paths))
    assert read(target) == living, "a plan changes nothing"
    ground.portal.call(
        lambda: ground.world.restore(1, target, owns=False, paths=paths, choices=choices)
    )
    found = read(target)
    assert found == expected(living, choices, part)
    assert found == foretold(living, plan)
    assert len({row.path for row in plan}) == len(plan)
    shutil.rmtree(target)


def test_always_with_delete_makes_the_tree_of_the_version(ground: Ground) -> None:
    living = {path + b"-": thing for path, thing in VERSION.items() if b"/" not in path}
    living |= {b"a": DIRECTORY, b"a/1": Thing("f", b"1"), b"b": Thing("f", b"b"), b"c": DIRECTORY}
    target = ground.target(living)
    choices = RestoreChoices(delete=True)
    ground.portal.call(lambda: ground.world.restore(1, target, choices=choices))
    assert read(target) == dict(VERSION)
    assert ground.world.run is not None and ground.world.run.progress.errors == 0


def test_what_comes_in_meanwhile_stays(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program makes files while the restore fetches."""
    store, fetch = ground.world.store, ground.world.store.fetch

    def while_fetching(files: Tree) -> Path:
        target = ground.target({b"surplus": Thing("f", b"")})

        async def slow(*arguments: object, **options: object) -> bytes:
            await anyio.sleep(0.05)  # file systems look at the clock a hundred times a second
            for path, thing in files.items():
                (target / os.fsdecode(path)).write_bytes(thing.data)
            return await fetch(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(store, "fetch", slow)
        return target

    mine = {b"late": Thing("f", b"late"), b"a": Thing("f", b"mine")}
    target = while_fetching(mine)
    _restored(ground, target, RestoreChoices(delete=True))
    assert (target / "late").read_bytes() == b"late"
    assert not (target / "surplus").exists()
    assert _reasons(ground) == {b"late": f"not deleted: {CAME_IN}"}

    target = while_fetching(mine)
    _restored(ground, target, RestoreChoices(overwrite=Overwrite.NEVER, delete=True))
    assert (target / "a").read_bytes() == b"mine"
    assert (target / "surplus").exists(), "nothing is deleted if anything was not restored"
    assert _reasons(ground) == {b"a": CAME_IN, b"": MISSED}


def test_nothing_outside_the_target_is_deleted(ground: Ground, tmp_path: Path) -> None:
    """Nor our own files, nor a file system that is mounted in it."""
    outside, own = tmp_path / "outside", tmp_path / "own"
    for each in (outside, own):
        each.mkdir()
        (each / "file").write_text("precious")
    target = ground.target({b"n": DIRECTORY, b"n/surplus": Thing("f", b"")})
    for name in ("link", "n/link"):
        (target / name).symlink_to(outside)
    (target / "n" / "own").mkdir()
    (target / "n" / "own" / "file").write_text("key")
    with ExitStack() as stack:
        if os.geteuid() == 0:
            (target / "n" / "mounted").mkdir()
            (stack.enter_context(tmpfs(target / "n" / "mounted")) / "file").write_text("mounted")
        guard = OwnPath(target / "n" / "own", "ours", always=True)
        _restored(ground, target, RestoreChoices(delete=True), own=[guard])
        assert (outside / "file").exists() and (own / "file").exists()
        assert (target / "n" / "own" / "file").exists()
        assert os.geteuid() or (target / "n" / "mounted" / "file").exists()
        names = {"own", "mounted"} if os.geteuid() == 0 else {"own"}
        assert {each.name for each in (target / "n").iterdir()} == names


@pytest.mark.parametrize("is_older", [True, False])
def test_special_files_go_only_if_the_version_could_have_them(
    ground: Ground, is_older: bool
) -> None:
    world, target = ground.world, ground.target({b"b": DIRECTORY, b"n": DIRECTORY})
    for name in ("fifo", "b/fifo", "n/fifo"):
        os.mkfifo(target / name)
    since = "UPDATE folders SET metadata_since = %s RETURNING id"
    world.query(since, 2 if is_older else 1)
    try:
        choices = RestoreChoices(delete=True)
        rows = ground.portal.call(lambda: world.plan(1, target, choices))
        planned = {row.path for row in rows if row.fate is Fate.DELETE}
        _restored(ground, target, choices)
    finally:
        world.query(since, 1)
    every = {b"fifo", b"b/fifo", b"n/fifo", b"n/"}
    assert planned == (set() if is_older else every)
    there = {p for p in every if (target / os.fsdecode(p)).exists()}
    assert there == (every if is_older else set())


def _restored(ground: Ground, target: Path, choices: RestoreChoices, **more: Any) -> None:
    world = ground.world
    ground.portal.call(lambda: world.restore(1, target, owns=False, choices=choices, **more))


def _reasons(ground: Ground) -> dict[bytes, str]:
    """The problems of the last run, by their paths."""
    assert ground.world.run is not None
    latest = ground.world.run.progress.latest
    return {notice.path: notice.reason for notice in latest if notice.is_error}
