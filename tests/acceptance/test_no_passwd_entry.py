"""A user id that /etc/passwd does not have, and no HOME: a container started with `--user 54321`.

PostgreSQL's own programs ask for the name of their user (initdb, and the server at each `peer`
login), so there the embedded one cannot run. With a server of the user's own everything works.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from forked_command import Case, Ended, run_forked
from trees import compare_trees, content

from usenetsync_tui.postgres.embedded.binaries import find_binaries
from usenetsync_tui.postgres.embedded.server_paths import SYSTEM_FOLDER
from usenetsync_tui.postgres.embedded.service_user import server_account

UID = 54_321
PASSWORD = "correct-horse"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder of that user."""
    place = Path(tempfile.mkdtemp(prefix="usn-", dir="/tmp"))
    os.chown(place, UID, UID)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def own_server() -> Iterator[int]:
    """The port of a PostgreSQL that asks for a password, as on another machine."""
    account = server_account()
    home = Path(tempfile.mkdtemp(prefix="uso-", dir="/tmp"))
    (home / "password").write_text(PASSWORD)
    for path in (home, home / "password"):
        os.chown(path, account.uid, account.gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    programs = find_binaries(account, SYSTEM_FOLDER)
    as_it = {"user": account.uid, "group": account.gid, "extra_groups": [], "cwd": "/"}
    data = home / "data"
    make = [programs.initdb, "-D", data, "-N", "-U", "me", "-A", "scram-sha-256"]
    subprocess.run(
        [*make, f"--pwfile={home / 'password'}"], check=True, capture_output=True, **as_it
    )
    run = [programs.postgres, "-D", data, "-k", home, "-p", str(port), "-F"]
    with open(home / "log", "wb") as log:
        server = subprocess.Popen([*run, "-h", "127.0.0.1"], stdout=log, stderr=log, **as_it)
    try:
        _wait_for(port)
        yield port
    finally:
        server.send_signal(signal.SIGQUIT)  # without a clean shutdown: no test needs its data
        server.wait(30)
        shutil.rmtree(home)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/postgres"):
                return
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.05)


def case(place: Path, line: list[str], url: str = "") -> Case:
    home = place / ("own" if url else "embedded")
    variables = {"USENETSYNC_HOME": str(home)} | ({"USENETSYNC_DATABASE_URL": url} if url else {})
    return Case(line, variables=variables, uid=UID)


@pytest.fixture(scope="module")
def ended(place: Path, own_server: int) -> dict[str, list[Ended]]:
    """How commands end: with the embedded database, and an address without and with a user."""
    tree = place / "tree"
    tree.mkdir()
    (tree / "large").write_bytes(content(2_000_000))
    (tree / "small").write_text("small")
    for path in (tree, *tree.iterdir()):
        os.chown(path, UID, UID)
    host = f"127.0.0.1:{own_server}/postgres"
    url = f"postgresql://me:{PASSWORD}@{host}"
    cases = {
        "embedded": [
            case(place, line) for line in (["folders"], ["upload", str(tree)], ["db", "start"])
        ],
        "no user": [case(place, ["folders"], f"postgresql://{host}")],
        "own": [
            case(place, line, url)
            for line in (
                ["upload", str(tree)],
                ["folders", "--json"],
                ["verify", "tree", "--body"],
                ["restore", "tree", str(place / "out")],
                ["jobs"],
                ["db", "status"],
                ["servers"],
            )
        ],
    }
    before = {k: v for k, v in os.environ.items() if not k.startswith("USENETSYNC_")}
    every = iter(run_forked([case for some in cases.values() for case in some], before))
    return {name: [next(every) for _ in some] for name, some in cases.items()}


def test_the_embedded_database_says_what_it_needs(ended: dict[str, list[Ended]]) -> None:
    for end in ended["embedded"]:
        assert end.code == 1 and end.out == "" and end.err.count("\n") == 1, end
        assert f"The user id {UID} has no name on this machine" in end.err
        assert "USENETSYNC_DATABASE_URL" in end.err


def test_an_own_server_is_enough(ended: dict[str, list[Ended]], place: Path) -> None:
    own = ended["own"]
    assert [(end.code, end.err) for end in own] == [(0, "")] * len(own), own
    assert json.loads(own[1].out)["name"] == "tree"
    assert compare_trees(place / "tree", place / "out") == []


def test_an_address_without_a_user_name_says_so(ended: dict[str, list[Ended]]) -> None:
    (end,) = ended["no user"]
    assert (end.code, end.out) == (2, ""), end
    assert f"names no user, and the user id {UID} has no name on this machine." in end.err
    assert end.err.endswith(" Write postgresql://user@host/name.\n")
