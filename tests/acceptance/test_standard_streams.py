"""Every verb with streams that are closed, full, unread, or a narrow terminal (FAULTS D1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from acceptance_command import Command
from forked_command import CLOSED, FULL, KEPT, LEFT, TERMINAL, Case, Ended, run_forked

WORK = {"upload": 0, "restore": 0, "verify": 0, "nzb": 2, "servers test": 1, "db start": 0}
"""Verbs that do more than print, and do it even if their output is lost: exit codes.

There is no NZB of a folder in shards, and no server answers at the address in the settings.
"""
SERVERS = '[{"name": "main", "host": "127.0.0.1", "port": 1}]'
OUTPUT = {
    "folders": ["folders"],
    "snapshots": ["snapshots", "{tree}"],
    "files": ["files", "{tree}"],
    "jobs": ["jobs"],
    "jobs 1": ["jobs", "1"],
    "servers": ["servers"],
    "db status": ["db", "status"],
    "db url": ["db", "url"],
    "--help": ["--help"],
    "--version": ["--version"],
}
"""Verbs that only print."""
BROKEN = {
    "closed": (CLOSED, CLOSED, CLOSED),
    "full": (KEPT, FULL, FULL),
    "left": (KEPT, LEFT, LEFT),
}
LOST = {"closed": 1, "full": 1, "left": 141}


def run(command: Command, cases: list[Case]) -> list[Ended]:
    """Run the cases, each in a process of its own."""
    return run_forked(cases, {**command.environment, "USENETSYNC_SERVERS": SERVERS})


def arguments(verb: str, source: Path, place: Path) -> list[str]:
    """The arguments of a verb; `place` is the path it writes to."""
    return {
        "upload": ["upload", str(source), "--store", "shards"],
        "restore": ["restore", str(source), str(place)],
        "verify": ["verify", str(source), "--body"],
        "nzb": ["nzb", str(source), "-o", f"{place}.nzb"],
        "servers test": ["servers", "test"],
        "db start": ["db", "start"],
    }[verb]


def new_tree(folder: Path) -> Path:
    """A folder with one file and a FIFO."""
    (tree := folder / "tree").mkdir()
    (tree / "file").write_text("text\n")
    os.mkfifo(tree / "fifo")
    return tree


def listings(tree: Path) -> dict[str, list[str]]:
    """The verbs that only print, with their arguments."""
    return {verb: [word.format(tree=tree) for word in argv] for verb, argv in OUTPUT.items()}


def test_every_verb(shared_usenetsync: Command, tmp_path: Path) -> None:
    source = new_tree(tmp_path)
    cases: dict[tuple[str, str, bool], Case] = {}
    for name, streams in BROKEN.items():
        as_json = name == "full"
        option = ["--json"] if as_json else []
        for verb in WORK:
            argv = arguments(verb, source, tmp_path / f"{name}-{verb}") + option
            grows = str(source / "file") if verb == "upload" else ""
            cases[verb, name, as_json] = Case(argv, *streams, grows=grows)
        for verb, argv in listings(source).items():
            cases[verb, name, as_json] = Case(
                argv + (option if not verb.startswith("-") else []), *streams
            )
    ended = dict(zip(cases, run(shared_usenetsync, list(cases.values())), strict=True))
    for (verb, name, as_json), end in ended.items():
        assert end.code == WORK.get(verb, LOST[name]), (verb, name, as_json, end)
        assert (end.out, end.err) == ("", ""), (verb, name, as_json, end)
    versions = shared_usenetsync("snapshots", source, "--json").events
    assert [v["version"] for v in versions] == list(range(1, len(BROKEN) + 1)), "all work was done"
    for number, name in enumerate(BROKEN, 1):
        restored = (tmp_path / f"{name}-restore" / "file").read_text()
        assert restored == "text\n" + "more\n" * number


def test_without_standard_error_the_output_is_the_same(
    shared_usenetsync: Command, tmp_path: Path
) -> None:
    tree = new_tree(tmp_path)
    shared_usenetsync("upload", tmp_path / "tree")
    kinds = (CLOSED, FULL)
    cases = [Case(argv, stderr=kind) for kind in kinds for argv in listings(tree).values()]
    cases += [Case([*OUTPUT[v], "--json"], stderr=CLOSED) for v in ("folders", "db status")]
    for case, end in zip(cases, run(shared_usenetsync, cases), strict=True):
        assert end.code == 0 and end.err == "", (case, end)
        assert end.out, (case, end)
        if "--json" in case.argv:
            assert all(json.loads(line)["event"] for line in end.out.splitlines())


def test_a_terminal_of_20_columns(shared_usenetsync: Command, tmp_path: Path) -> None:
    source = new_tree(tmp_path)
    (source / ("long name " * 20)).write_text("text")
    terminal = (TERMINAL, TERMINAL, TERMINAL)
    verbs = {verb: arguments(verb, source, tmp_path / f"t-{verb}") for verb in WORK}
    verbs |= listings(source)
    cases = [Case(argv, *terminal) for argv in verbs.values()]
    for verb, end in zip(verbs, run(shared_usenetsync, cases), strict=True):
        assert end.code == WORK.get(verb, 0), (verb, end)
        assert "Traceback" not in end.out + end.err, (verb, end)


@pytest.mark.parametrize(
    ("redirected", "code"),
    [
        ("upload {source} <&- >&- 2>&-", 0),
        ("upload {source} --json > /dev/full", 0),
        ("folders >&-", 1),
        ("tui <&- >&- 2>&-", 2),
        ("uplaod 2>&-", 2),
    ],
)
def test_streams_redirected_by_a_shell(
    shared_usenetsync: Command, tmp_path: Path, redirected: str, code: int
) -> None:
    """Python itself starts without streams here; no file descriptor of ours takes their numbers."""
    source = new_tree(tmp_path)
    program = " ".join(Command.program)
    ended = subprocess.run(
        ["sh", "-c", f"{program} {redirected.format(source=source)}"],
        env=shared_usenetsync.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == code, ended
    assert "Traceback" not in ended.stdout + ended.stderr
    if code == 0 and "upload" in redirected:
        assert shared_usenetsync("snapshots", source, "--json").event("snapshot")["version"] == 1


def test_no_descriptor_of_ours_is_a_standard_stream(tmp_path: Path) -> None:
    """Files opened later have numbers above 2, and a child inherits the streams."""
    program = (
        "import os, sys; from usenetsync_tui.cli import streams; streams.make_safe();"
        "fd = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY);"
        "print('lost', flush=True); print('lost', file=sys.stderr);"
        "streams.output_is_the_work(False); print('lost');"
        "os.write(fd, b'%d %d' % (fd, os.get_inheritable(1)))"
    )
    script = 'exec "$0" -c "$1" "$2" <&- >&- 2>&-'
    ended = subprocess.run(["sh", "-c", script, sys.executable, program, tmp_path / "file"])
    assert ended.returncode == 1, "the first line was the work, and lost"
    script = script.replace(">&- 2>&-", "2>&- >/dev/null")
    ended = subprocess.run(["sh", "-c", script, sys.executable, program, tmp_path / "file"])
    assert ended.returncode == 0
    assert (tmp_path / "file").read_bytes() == b"3 1"
    assert os.path.getsize(tmp_path / "file") == 3
