"""The output of the command: figures, tables, silence, and the keys of its JSON."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from in_process import InProcess
from rich.cells import cell_len
from scripted_server import ScriptedServer

from usenetsync_tui.cli.actions import database, job_end
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.table import Column, table
from usenetsync_tui.model.text.figures import elapsed, exact_percent, plural, size
from usenetsync_tui.postgres.embedded.database_status import DatabaseStatus

UGLY = re.compile(r"\(\)|\bNone\b|\b1 [a-z]+s\b|\bBytes\b|\[\]|Traceback")


def fill(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{number}".encode() * 1000)
    return folder


def test_one_of_everything_reads_well(run: InProcess, tmp_path: Path) -> None:
    """One file, one segment, one problem: nowhere `1 files`, `()` or `None`."""
    tree = fill(tmp_path / "tree", "only")
    os.mkfifo(tree / "fifo")
    said = [run("folders"), run("jobs"), run("servers"), run("upload", tree)]
    said += [run("upload", tree), run("verify", "tree"), run("verify", "tree", "--body")]
    said += [run("restore", "tree", tmp_path / "out"), run("restore", "tree", tmp_path / "out")]
    said += [run(*verb) for verb in (("folders",), ("snapshots", "tree"), ("files", "tree"))]
    said += [run("jobs"), *(run("jobs", str(number)) for number in range(1, 6))]
    said += [run("db", "status"), run("doctor")]
    for ended in said:
        assert not UGLY.search(ended.out + ended.err), ended.out + ended.err


def test_files_already_present_have_no_speed(run: InProcess, tmp_path: Path) -> None:
    fill(tmp_path / "tree", "a", "b/c", "b/d")
    run("upload", tmp_path / "tree")
    first = run("restore", "tree", tmp_path / "out").out
    assert "3 files restored, 3.00 kB in" in first and "/s" in first
    again = run("restore", "tree", tmp_path / "out").out
    assert "3 files already there, 3.00 kB: left alone" in again
    assert "/s" not in again and "restored" not in again
    (tmp_path / "out" / "a").unlink()
    mixed = run("restore", "tree", tmp_path / "out").out
    assert "1 file restored, 1.00 kB in" in mixed and "2 files already there, 2.00 kB" in mixed


def test_verify_knows_how_much_there_is(
    run: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = fill(tmp_path / "tree", "a", "b")
    (tree / "large").write_bytes(os.urandom(2_000_000))
    run("upload", tree, "--copies", "2")
    seen = []
    kept = job_end.tell

    def spy(summary: object, voice: object) -> None:
        seen.append(summary)
        kept(summary, voice)  # type: ignore[arg-type]

    monkeypatch.setattr(job_end, "tell", spy)
    run("verify", "tree")
    (summary,) = seen
    figures = summary.figures  # type: ignore[attr-defined]
    of_index = figures.done_bytes - 2 * 2_002_000
    assert figures.total_bytes == figures.done_bytes and 0 < of_index < 10_000
    job = run("jobs", "--json").of("job")[-1]
    assert (job["verb"], job["bytes"], job["total_bytes"]) == (
        "verify",
        figures.done_bytes,
        figures.done_bytes,
    )


def test_a_failed_job_says_why(run: InProcess, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", *(f"f{number}" for number in range(3)))
    run("upload", tree)
    for path in tree.iterdir():
        path.unlink()
    run("upload", tree, expect=1)
    told = run("jobs", "2").out
    assert "upload of tree: ! failed" in told and "The folder is empty" in told
    (job,) = run("jobs", "2", "--json").of("job")
    assert job["state"] == "failed" and job["refusal"]["kind"] == "empty"
    assert run("jobs", "99", expect=2).err


QUIET = [
    ("upload", "{tree}"),
    ("verify", "tree"),
    ("restore", "tree", "{out}"),
    ("nzb", "tree", "-o", "{out}.nzb"),
]


def test_quiet_says_nothing_when_all_is_well(run: InProcess, tmp_path: Path) -> None:
    tree, out = fill(tmp_path / "tree", "a", "b"), tmp_path / "out"
    with ScriptedServer() as server:
        run.configure(server)
        run("upload", tree, "--profile", "plain")
        for number, verb in enumerate(QUIET):
            arguments = [word.format(tree=tree, out=out) for word in verb]
            for more in (("--quiet",), ("-q", "--json", *(["--force"] if number == 3 else []))):
                ended = run(*arguments, *more)
                assert (ended.out, ended.err) == ("", ""), arguments


def test_quiet_tells_of_problems(run: InProcess, tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", "a", "b/c")
    run("upload", tree)
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "b").symlink_to(tmp_path / "elsewhere")
    ended = run("restore", "-q", "tree", tmp_path / "out", expect=3)
    assert ended.out == "" and "symlink" in ended.err
    ended = run("restore", "-q", "--json", "tree", tmp_path / "out", expect=3)
    assert [e["event"] for e in ended.events][-1] == "summary"
    assert all(e["is_error"] for e in ended.of("notice")) and ended.of("notice")
    shutil.rmtree(tree)
    ended = run("upload", "-q", tree, expect=1)
    assert ended.out == "" and "The folder is not there" in ended.err


COLUMNS = (Column("Id", right=True), Column("Folder", least=8), Column("Path", least=8))
ROWS = [
    ("1", "photos", "/srv/photos of the year/which was long"),
    ("12", "漢字漢字漢字漢字", "/" + "漢" * 40),
]


@pytest.mark.parametrize("width", [200, 80, 40, 24])
def test_a_table_is_aligned_and_fits(width: int) -> None:
    lines = list(table(COLUMNS, ROWS, width))
    assert len(lines) == 3 and lines[0].split() == ["Id", "Folder", "Path"]
    assert all(cell_len(line) <= width for line in lines)
    at = {cell_len(line[: re.search(r"\S", line[2:]).start() + 2]) for line in lines}  # type: ignore[union-attr]
    assert at == {4}, lines


@pytest.mark.parametrize("width", [20, 10, 1])
def test_where_no_table_fits_each_row_is_a_few_lines(width: int) -> None:
    lines = list(table(COLUMNS, ROWS, width))
    assert lines[:3] == ["Id: 1", "Folder: photos", f"Path: {ROWS[0][2]}"]


def test_in_a_pipe_nothing_is_cut() -> None:
    assert ROWS[1][2] in "\n".join(table(COLUMNS, ROWS, None))


def test_a_terminal_of_twenty_columns(
    run: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("upload", fill(tmp_path / "tree", "a", "b/c"))
    monkeypatch.setattr(voices, "terminal_width", lambda: 20)
    monkeypatch.setattr("usenetsync_tui.cli.output.paged_table.terminal_width", lambda: 20)
    for verb in (("folders",), ("snapshots", "tree"), ("files", "tree"), ("jobs",), ("servers",)):
        assert run(*verb).out


def _status(**fields: object) -> DatabaseStatus:
    known: dict[str, object] = {
        "running": False, "pid": None, "holder": None, "version": None, "users": (),
        "users_elsewhere": (), "stays": False,
    }  # fmt: skip
    paths = {name: Path("/x") / name for name in ("pgdata", "socket_dir", "log")}
    return DatabaseStatus(**{**known, **paths, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (_status(), ["not running", "no program", "none yet"]),
        (_status(running=True, pid=7, version="18.4", users=(3, 4)), ["process 7", "process 3"]),
        (_status(running=True, holder="host b"), ["in another container", "host b", "no program"]),
        (_status(running=True, users_elsewhere=("9 on host c",)), ["process 9 on host c"]),
        (_status(stays=True, version="18"), ["not running", "18"]),
    ],
)
def test_every_status_of_the_database_is_described(status: DatabaseStatus, said: list[str]) -> None:
    text = "\n".join(f"{head} {line}" for head, line in database._lines(status))
    assert all(word in text for word in said), text
    assert not UGLY.search(text), text


def test_figures_in_words() -> None:
    assert [plural(n, "file") for n in (0, 1, 2, 1_000)] == [
        "0 files", "1 file", "2 files", "1,000 files",
    ]  # fmt: skip
    assert plural(1, "entry", "entries") == "1 entry"
    assert plural(2, "entry", "entries") == "2 entries"
    assert (size(0), size(1), size(999), size(1_000)) == ("0 B", "1 B", "999 B", "1.00 kB")
    assert (elapsed(0.04), elapsed(9.9), elapsed(61)) == ("0.0 s", "9.9 s", "1m01s")
    assert exact_percent(9_999_999, 10_000_000) == "99.99 %"
    assert (exact_percent(0, 0), exact_percent(5, 5), exact_percent(-1, 5)) == (
        "100 %", "100 %", "0.00 %",
    )  # fmt: skip


def test_a_password_is_never_printed(run: InProcess) -> None:
    with ScriptedServer() as server:
        run.configure(server)
        config = run.home / "config" / "config.toml"
        config.write_text(config.read_text() + 'username = "me"\npassword = "geheim"\n')
        for options in ((), ("--json",)):
            ended = run("servers", *options)
            assert "geheim" not in ended.out + ended.err
        assert run("servers", "--json").of("server")[0]["password"] is True
