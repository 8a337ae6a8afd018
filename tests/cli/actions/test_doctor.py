"""`usenetsync doctor`: it finds each problem and says what to do."""

from __future__ import annotations

import os
from collections import namedtuple
from pathlib import Path

import pytest
from in_process import InProcess
from scripted_server import ScriptedServer

from usenetsync_tui.engine.doctor import checks
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.machine.terminal_checks import terminal_found

_Usage = namedtuple("_Usage", "total used free")


def grades(run: InProcess, expect: int, *options: str) -> dict[str, tuple[str, str]]:
    """Check → its grade and its text; for several of one name, the last."""
    found = run("doctor", "--json", *options, expect=expect).of("finding")
    return {f["check"]: (f["grade"], f"{f['detail']} {f['advice']}") for f in found}


def test_a_sound_machine(run: InProcess, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("x")
    with ScriptedServer(login=("me", "secret")) as server:
        run.configure(server)
        config = run.home / "config" / "config.toml"
        config.write_text(config.read_text() + 'username = "me"\npassword = "secret"\n')
        run("upload", "-q", tmp_path / "tree")
        server.articles.clear()
        found = grades(run, 3)  # its connections are not encrypted
        assert not server.articles
        assert found["s1"][0] == "warn" and "not encrypted" in found["s1"][1]
        rest = {check: grade for check, (grade, _) in found.items() if check != "s1"}
        assert set(rest.values()) == {"good"}, found
        assert {"settings", "rights", "key", "database", "catalogue", "disk", "clock", "names"} <= (
            rest.keys()
        )
        assert "opens 2 keys" in found["key"][1], "of the folder, and of its index"
        assert found["index"][0] == "good"
        assert "catalogue" not in grades(run, 3, "--quick")
        grades(run, 3, "--quick", "--post")
        assert server.articles
    found = grades(run, 1, "--quick")
    assert found["s1"][0] == "bad" and "Check the port" in found["s1"][1]


def test_problems_in_the_home(
    run: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("doctor").out.splitlines()[-1] == "All good."
    run.configure()
    config = run.home / "config" / "config.toml"
    config.chmod(0o644)
    found = grades(run, 3, "--quick")
    assert found["rights"] == ("warn", f"others have access: {config} is 0644 chmod 600 {config}")
    config.write_text("max_wrokers = 3\n")
    found = grades(run, 1, "--quick")
    assert found["settings"][0] == "bad" and "max_wrokers" in found["settings"][1]
    config.unlink()
    monkeypatch.setenv("USENETSYNC_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x")
    ended = run("doctor", expect=1)
    assert "✗ database" in ended.out and "geheim" not in ended.out
    assert "database_url" in ended.out and "1 problem" in ended.out


def test_another_key_file(run: InProcess, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("x")
    with ScriptedServer() as server:
        run.configure(server)
        run("upload", "-q", tmp_path / "tree")
        key = run.home / "config" / "key"
        kept = key.read_bytes()
        key.unlink()
        assert grades(run, 1, "--quick")["key"][0] == "bad"
        key.write_bytes(bytes(len(kept)))
        key.chmod(0o600)
        found = grades(run, 1, "--quick")["key"]
        assert found[0] == "bad" and "Bring back" in found[1]
        key.write_bytes(kept)
        assert grades(run, 3, "--quick")["key"][0] == "good"


def test_a_wrong_sum(run: InProcess, tmp_path: Path, database: str) -> None:
    import psycopg

    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(os.urandom(100_000))
    run("upload", "-q", tmp_path / "tree")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE objects SET posted = posted + 1")
    found = grades(run, 1)["catalogue"]
    assert found[0] == "bad" and "wrong count of posted articles" in found[1]


@pytest.mark.parametrize(
    ("free", "grade"), [(1 << 20, "bad"), (1 << 30, "warn"), (100 << 30, "good")]
)
def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, grade: str) -> None:
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: _Usage(1, 1, free))
    found = list(checks.room(Locations.find({"USENETSYNC_HOME": str(tmp_path)})))
    assert [f.grade for f in found] == [grade] and str(tmp_path) in found[0].detail


def test_clock_and_names() -> None:
    assert checks.clock(1e9, 0).grade == "bad"
    assert checks.clock(1.8e9, 1.8e9 + 3600).grade == "warn"
    assert checks.clock(1.8e9, 1.8e9 - 3600).grade == "good"
    found = checks.name_servers(["127.0.0.1", "no such.invalid", "a" * 300])
    assert found.grade == "bad" and "no such.invalid" in found.detail and "aaa" in found.detail
    assert checks.name_servers(["127.0.0.1", "::1"]).grade == "good"


@pytest.mark.parametrize(
    ("size", "environment", "grade", "said"),
    [
        ((140, 45), {"TERM": "xterm-256color"}, "good", "256 colours"),
        ((140, 45), {"TERM": "xterm", "COLORTERM": "truecolor"}, "good", "16 million"),
        ((140, 45), {"TERM": "xterm", "NO_COLOR": "1"}, "good", "no colours"),
        ((40, 10), {"TERM": "xterm"}, "warn", "60 × 15"),
        ((140, 45), {}, "warn", "Set TERM"),
        ((140, 45), {"TERM": "dumb"}, "warn", "Set TERM"),
    ],
)
def test_terminal(
    size: tuple[int, int], environment: dict[str, str], grade: str, said: str
) -> None:
    found = next(iter(terminal_found(environment, size, "utf-8")))
    assert found.grade == grade and said in f"{found.detail} {found.advice}"
