"""`usenetsync nzb`: complete files or none, standard output, and one NZB for each subfolder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from in_process import InProcess
from scripted_server import ScriptedServer
from trees import compare_trees

from usenetsync_tui.codec import envelope
from usenetsync_tui.codec import nzb as codec
from usenetsync_tui.codec.flat_names import length

LONG = "漢" * 83
PATHS = (
    "loose.bin", "empty", "Photos/a.jpg", "Photos/deep/b.jpg", "photos/c.jpg", "photos-2/d.jpg",
    f"{LONG}/{LONG}.mkv", "tree/e.bin", "0/f",
)  # fmt: skip


@pytest.fixture
def plain(run: InProcess, tmp_path: Path) -> Iterator[InProcess]:
    """A command with a backed-up plain folder called `tree`."""
    for number, name in enumerate(PATHS):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == "empty" else str(number).encode() * 500)
    with ScriptedServer() as server:
        run.configure(server)
        run("upload", "-q", tmp_path / "tree", "--profile", "plain")
        yield run


def subjects(data: bytes) -> list[str]:
    return [file.subject for file in codec.read(data)]


def counters(data: bytes) -> list[tuple[int, int]]:
    found = [re.match(r"\[0*(\d+)/(\d+)\]", subject) for subject in subjects(data)]
    return [(int(m[1]), int(m[2])) for m in found if m]


def test_a_file_is_replaced_only_when_asked(plain: InProcess, tmp_path: Path) -> None:
    target = tmp_path / "x.nzb"
    target.write_text("mine")
    refused = plain("nzb", "tree", "-o", target, expect=1)
    assert "File exists" in refused.err and str(target) in refused.err
    assert target.read_text() == "mine"
    plain("nzb", "tree", "-o", target, "--force")
    assert len(codec.read(target.read_bytes())) == len(PATHS) - 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "tree", "x.nzb"]


def test_counters_count_the_listed_files(plain: InProcess, tmp_path: Path) -> None:
    listed = len(PATHS) - 1  # an empty file cannot be
    said = plain("nzb", "tree", "-o", tmp_path / "x.nzb").out
    assert f"{listed} files in {listed} articles" in said and "1 empty file left out" in said
    data = (tmp_path / "x.nzb").read_bytes()
    assert counters(data) == [(number, listed) for number in range(1, listed + 1)]


def test_names_fit_on_a_newsreaders_disk(plain: InProcess, tmp_path: Path) -> None:
    plain("nzb", "tree", "-o", tmp_path / "x.nzb")
    names = re.findall('"([^"]*)"', "\n".join(subjects((tmp_path / "x.nzb").read_bytes())))
    assert len(names) == len(PATHS) - 1 and all(length(name) <= 255 for name in names)


def test_standard_output_has_the_nzb_and_nothing_else(plain: InProcess, tmp_path: Path) -> None:
    plain("nzb", "tree", "-o", tmp_path / "x.nzb")
    program = [sys.executable, "-m", "usenetsync_tui", "nzb", "tree", "-o", "-"]
    ended = subprocess.run(program, capture_output=True, timeout=60, check=True)
    assert ended.stdout == (tmp_path / "x.nzb").read_bytes()
    assert b"standard output: 8 files" in ended.stderr
    with open("/dev/full", "wb") as disk:
        full = subprocess.run(program, stdout=disk, stderr=subprocess.PIPE, timeout=60)
    assert full.returncode == 1 and b"Traceback" not in full.stderr
    assert "both use" in plain("nzb", "tree", "-o", "-", "--json", expect=2).out


def test_one_for_each_subfolder(plain: InProcess, tmp_path: Path) -> None:
    out = tmp_path / "nzbs"
    events = plain("nzb", "tree", "--each-subfolder", out, "--json").of("nzb")
    names = sorted(os.listdir(out))
    assert sorted(os.path.basename(e["path"]) for e in events) == names
    assert len({name.casefold() for name in names}) == len(names) == 7
    assert all(length(name) <= 255 for name in names)
    listed = [s for name in names for s in subjects((out / name).read_bytes())]
    assert len(listed) == len(PATHS) - 1
    assert {n for name in names for _, n in counters((out / name).read_bytes())} == {1, 2}
    photos = subjects((out / "Photos.nzb").read_bytes())
    assert ["a.jpg" in photos[0], "deep - b.jpg" in photos[1]] == [True, True]
    # Files in no subfolder go into an NZB named like the folder: here a subfolder has that name.
    (loose,) = [n for n in names if any("loose.bin" in s for s in subjects((out / n).read_bytes()))]
    assert re.fullmatch(r"tree~[0-9a-f]+\.nzb", loose)
    before = {name: (out / name).read_bytes() for name in names}
    assert "File exists" in plain("nzb", "tree", "--each-subfolder", out, expect=1).err
    assert {name: (out / name).read_bytes() for name in os.listdir(out)} == before
    plain("nzb", "tree", "--each-subfolder", out, "--force")
    assert {name: (out / name).read_bytes() for name in os.listdir(out)} == before


@pytest.mark.parametrize("more", [(), ("-o", "a", "--each-subfolder", "b"), ("-o", "")])
def test_only_one_output_may_be_given(run: InProcess, more: tuple[str, ...]) -> None:
    ended = run("nzb", "tree", *more, expect=2)
    assert "--output" in ended.err or "--output" in ended.out


def test_killed_it_leaves_nothing(plain: InProcess, tmp_path: Path) -> None:
    """Stopped while it writes the list, by each signal."""
    folder = tmp_path / "out"
    folder.mkdir()
    slow = (
        "import time; from usenetsync_tui.codec import nzb; kept = nzb.file_end\n"
        "def end():\n print('writing', flush=True); time.sleep(0.3); return kept()\n"
        "nzb.file_end = end\n"
        "from usenetsync_tui.__main__ import main; import sys; sys.argv[0] = 'usenetsync'; main()"
    )
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(
            [sys.executable, "-c", slow, "nzb", "tree", "-o", str(folder / "x.nzb")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(number)
        begun = time.monotonic()
        process.communicate(timeout=60)
        assert time.monotonic() - begun < 6
        assert process.returncode == (-number if number == signal.SIGKILL else 130)
        assert os.listdir(folder) == []


def posted_subjects(server: ScriptedServer) -> list[str]:
    """The files as a newsreader reads them; articles of the index have no domain in common."""
    domains = [name.partition("@")[2] for name in server.articles]
    (domain, _), *_ = Counter(domains).most_common(1)
    of_files = [a for name, a in server.articles.items() if name.endswith(f"@{domain}")]
    messages = map(message_from_bytes, of_files)
    return [str(make_header(decode_header(str(m["Subject"])))) for m in messages]


def test_posted_subjects_count_no_files(run: InProcess, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, size in (("a.bin", 2_000_000), ("b é.txt", 500), ("c", 700)):
        (tree / name).write_bytes(bytes(size))
    with ScriptedServer() as server:
        run.configure(server)
        run("upload", "-q", tree, "--profile", "plain")
        posted = posted_subjects(server)
        run("nzb", "tree", "-o", tmp_path / "x.nzb")
    assert sorted(posted) == [
        '"a.bin" yEnc (1/3) 2000000',
        '"a.bin" yEnc (2/3) 2000000',
        '"a.bin" yEnc (3/3) 2000000',
        '"b é.txt" yEnc (1/1) 500',
        '"c" yEnc (1/1)',
    ]
    listed = subjects((tmp_path / "x.nzb").read_bytes())
    assert [subject[:8] for subject in listed] == ["[1/3] - ", "[2/3] - ", "[3/3] - "]
    assert {subject[8:] for subject in listed} < set(posted)


def test_a_folder_with_counters_in_old_subjects_continues(
    run: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their subjects contain [1/1]. Articles are found by Message-ID: nothing is posted twice."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.bin").write_bytes(os.urandom(2_000_000))
    new = envelope.plain_subject
    with ScriptedServer() as server, monkeypatch.context() as before:
        before.setattr(envelope, "plain_subject", lambda *part: f"[1/1] - {new(*part)}")
        run.configure(server, check_delays=[0.05, 0.1])
        run("upload", "-q", tree, "--profile", "plain")
        assert len(posted_subjects(server)) == 3
        before.undo()
        (tree / "b.bin").write_bytes(b"b" * 1000)
        run("upload", "-q", tree)
        del server.articles[next(iter(server.articles))]
        run("verify", "-q", "tree")
        run("verify", "-q", "tree", "--body")
        posted = posted_subjects(server)
        assert len(posted) == 4 and sum(s.startswith("[1/1]") for s in posted) == 2
        run("nzb", "tree", "-o", tmp_path / "x.nzb")
        run("restore", "-q", "tree", tmp_path / "out")
    listed = subjects((tmp_path / "x.nzb").read_bytes())
    assert listed == ['[1/2] - "a.bin" yEnc (1/3) 2000000', '[2/2] - "b.bin" yEnc (1/1) 1000']
    assert compare_trees(tree, tmp_path / "out") == []
