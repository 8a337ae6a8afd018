"""The benchmarks' entry: what it lists, and that a case runs, small, to a table and to JSON."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.benchmarks import entry, table
from tests.benchmarks.cases import CASES
from tests.benchmarks.contest import Case, Goal, Outcome, Scene, Side, Stages, compete, faster
from tests.benchmarks.measuring import Contestant, FailedError, Run, measure
from tests.benchmarks.sinks import serving_sink
from tests.benchmarks.tools import CC, Tool

REPOSITORY = Path(__file__).parents[2]
ABSENT = Tool("no-such-program", "it cannot be had")
MACHINE = dict.fromkeys(("processor", "cores", "memory", "kernel", "python"), "1")


def run_entry(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks", *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_it_lists_every_case_with_its_rows_and_targets() -> None:
    done = run_entry("--list")
    assert done.returncode == 0, done.stderr
    for case in CASES.values():
        assert f"{case.name} " in done.stdout
        for row in case.rows:
            assert row.title in done.stdout and str(row.goal) in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["posts"], "no case is called posts"),
        (["--rounds", "0"], "'0' is no number of rounds"),
        (["--scale", "0"], "'0' is no share"),
        (["--scale", "nan"], "'nan' is no share"),
    ],
)
def test_wrong_words_are_refused(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        entry.main(words)
    assert refused.value.code == 2 and expected in capsys.readouterr().err


def test_a_case_runs_to_its_table_and_to_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    scale = ["--scale", "0.0001", "--rounds", "1", "--scratch", str(tmp_path)]
    done = run_entry("post-latency", *scale, "--json", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["scale"] == 0.0001 and found["rounds"] == 1 and found["machine"]["kernel"]
    (case,) = found["cases"]
    assert case["name"] == "post-latency" and case["skipped"] is None and case["amount"] == 1e6
    ((_, run),) = case["rounds"][0].items()
    assert run["wall"] > 0 and run["cpu"] > 0 and run["memory"] > 1e6 and run["more"]["articles"]
    rows = CASES["post-latency"].rows
    assert [row["title"] for row in case["rows"]] == [row.title for row in rows]
    assert all(len(row["values"]) == 1 and row["median"] > 0 for row in case["rows"])
    assert "at 0.0001 of the full amounts" in done.stdout
    assert all(row.title in done.stdout for row in rows)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(bool(CC.missing()), reason="no cc")
def test_the_serving_sink_gives_back_what_it_took(tmp_path: Path) -> None:
    head = b"From: a <a@b.test>\r\nMessage-ID: <1@b.test>\r\nSubject: x\r\n\r\n"
    body = b"one\r\n..two\r\n\r\n" + 300_000 * b"3" + b"\r\n"
    article = head + body + b".\r\n"
    with serving_sink(tmp_path, delay=0.01) as sink:
        for port, answer in ((sink.port, b"240"), (sink.delayed_port, b"441")):
            with connected(port) as (client, answers):
                client.sendall(b"POST\r\n")
                assert answers.readline()[:3] == b"340"
                client.sendall(article)
                assert answers.readline()[:3] == answer
        assert sink.counted()["posted"] == 1
        with connected(sink.delayed_port) as (client, answers):
            client.sendall(b"STAT <1@b.test>\r\nSTAT <2@b.test>\r\nBODY <1@b.test>\r\n")
            client.sendall(b"HEAD <1@b.test>\r\nARTICLE <1@b.test>\r\nDATE\r\nQUIT\r\n")
            said = answers.read()
        parts = (b"223 0 <1@b.test>\r\n", b"430 no such article\r\n")
        assert said.startswith(b"".join(parts) + b"222 0 <1@b.test>\r\n" + body + b".\r\n221")
        assert b"221 0 <1@b.test>\r\n" + head[:-2] + b".\r\n220" in said
        assert b"220 0 <1@b.test>\r\n" + article + b"111 " in said and said.endswith(b"bye\r\n")
        counted = sink.counted()
        assert (counted["asked"], counted["served"], counted["missing"]) == (2, 3, 1)
        assert counted["served_bytes"] == len(body) + 3 + len(head) - 2 + len(article)
        assert 1 <= counted["depth"] <= 5
    assert not (tmp_path / "articles").exists()


@contextmanager
def connected(port: int) -> Iterator[tuple[socket.socket, BinaryIO]]:
    """A connection that has been greeted."""
    with socket.create_connection(("127.0.0.1", port)) as client, client.makefile("rb") as answers:
        assert answers.readline()[:3] == b"200"
        yield client, answers


def case_of(*sides: Side, needs: tuple[Tool, ...] = ()) -> Case:
    """Two sides, whose speeds are compared."""

    @contextmanager
    def ground(scene: Scene) -> Iterator[Stages]:
        yield [sides]

    rows = (faster("ours", "theirs", Goal(at_least=0.9)),)
    return Case("case", "nothing", 10, "files", ground, rows, needs=needs)


def takes(name: str, order: list[str], *walls: float) -> Callable[[], Run]:
    """A side of known times, which writes down when it runs."""
    left = iter(walls)

    def run() -> Run:
        order.append(name)
        return Run(next(left), 1.0, 1)

    return run


def test_a_figure_is_the_median_of_the_ratios_of_pairs(tmp_path: Path) -> None:
    order: list[str] = []
    ours = Side("ours", takes("ours", order, 1.0, 10.0, 5.0))
    theirs = Side("theirs", takes("theirs", order, 2.0, 5.0, 5.0))
    outcome = compete(case_of(ours, theirs), tmp_path, rounds=3, scale=1)
    (line,) = outcome.lines()
    assert line.values == (2.0, 0.5, 1.0) and line.value == 1.0
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_a_peer_that_is_not_there_is_left_out_with_a_reason(tmp_path: Path) -> None:
    ours, theirs = Side("ours", takes("", [], 1.0)), Side("theirs", takes("", []), ABSENT)
    outcome = compete(case_of(ours, theirs), tmp_path, rounds=1, scale=1)
    (line,) = outcome.lines()
    assert line.values == () and line.reason == ABSENT.missing()
    assert "no-such-program is not on PATH (it cannot be had)" in table.as_text(report(outcome))
    assert "not measured: no-such-program" in table.as_markdown(report(outcome))


def test_a_case_without_what_it_needs_is_left_out_with_a_reason(tmp_path: Path) -> None:
    outcome = compete(case_of(needs=(ABSENT,)), tmp_path, rounds=1, scale=1)
    assert outcome.skipped == ABSENT.missing() and not outcome.rounds
    assert "skipped: no-such-program" in table.as_text(report(outcome))


def report(*outcomes: Outcome) -> table.Report:
    return table.Report(outcomes, "2026-11-27", 1, 1.0, MACHINE, {"peer": "1.0"})


def test_the_table_of_the_readme_stands_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    text = (REPOSITORY / "README.md").read_text()
    readme.write_text(text)
    ours, theirs = Side("ours", takes("", [], 1.0)), Side("theirs", takes("", [], 2.0))
    outcome = compete(case_of(ours, theirs), tmp_path, rounds=1, scale=1)
    for _ in range(2):
        table.write_readme(report(outcome), readme)
    written = readme.read_text()
    row = "| `case`, 10 files | ours: speed | 2 × | theirs | ≥ 0.9 (met) |"
    assert row in written and "2026-11-27" in written and "peer 1.0" in written
    assert written.partition(table.BEGIN)[0] == text.partition(table.BEGIN)[0]
    assert written.partition(table.END)[2] == text.partition(table.END)[2]
    readme.write_text("no marks")
    with pytest.raises(ValueError, match="no lines <!-- benchmarks -->"):
        table.write_readme(report(outcome), readme)


def test_a_side_that_fails_says_why_in_its_last_words() -> None:
    with pytest.raises(FailedError, match=r"(?s)exit code 3.*no room"):
        measure(Contestant(["sh", "-c", "echo no room >&2; exit 3"]))


def test_the_cases_of_the_index_run(tmp_path: Path) -> None:
    """They call the pipeline itself, so a change there must not pass them by."""
    scale = ["--scale", "0.002", "--rounds", "1", "--scratch", str(tmp_path)]
    done = run_entry("index-size", "index-adopt", *scale)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout and "adopted" in done.stdout
