"""Where and how the command runs: homes, folders, names, variables, mistyped words (FAULTS D)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from acceptance_command import Command, Ended
from click.testing import CliRunner
from psycopg.conninfo import make_conninfo

from usenetsync_tui.cli.command import root
from usenetsync_tui.disk.overlap import refuse_overlap
from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.lock import KEY

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
CAFE = os.fsdecode(b"caf\xe9")


def in_shell(command: Command, script: str, *arguments: str, **environment: str) -> Ended:
    """The command as `$0` of a shell script."""
    environ = {**command.environment, "PYTHONPATH": os.getcwd(), **environment}
    program = " ".join(Command.program)
    done = subprocess.run(
        ["sh", "-c", script.replace("usenetsync ", f"{program} "), "sh", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


# --- D2 ---------------------------------------------------------------------------------------


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("USENETSYNC_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HOME": ""}, "HOME is set but empty"),
        ({"HOME": "here"}, "HOME is here, not an absolute path"),
        ({"HOME": "/root", "XDG_STATE_HOME": "there"}, "XDG_STATE_HOME is there"),
        ({"USENETSYNC_HOME": ""}, "USENETSYNC_HOME is set but empty"),
        ({"USENETSYNC_HOME": "~nobody-here/x"}, "~nobody-here/x begins with the home"),
        ({"HOME": "here", "USENETSYNC_HOME": "~/x"}, "HOME is here, not an absolute path"),
    ],
)
def test_homes_that_are_not_usable(
    no_variables: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        no_variables.setenv(name, value)
    with pytest.raises(SettingsError, match=words):
        Locations.find(variables)


@needs_root
def test_a_user_id_without_a_name(no_variables: pytest.MonkeyPatch) -> None:
    no_variables.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(SettingsError, match=r"54321 is not in /etc/passwd. Set USENETSYNC_HOME"):
        Locations.find({})
    assert Locations.find({"USENETSYNC_HOME": "/x"}).data_dir == Path("/x/data")


def test_a_current_folder_that_was_deleted(shared_usenetsync: Command, tmp_path: Path) -> None:
    gone = 'mkdir "$1" && cd "$1" && rmdir "$1" && '
    place = str(tmp_path / "gone")
    ended = in_shell(shared_usenetsync, f"{gone} usenetsync restore x out", place)
    assert ended.code == 2 and "Change to another folder" in ended.err
    ended = in_shell(shared_usenetsync, f"{gone} USENETSYNC_HOME=here usenetsync folders", place)
    assert ended.code == 2 and "USENETSYNC_HOME: here is relative" in ended.err
    (source := tmp_path / "tree").mkdir()
    ended = in_shell(shared_usenetsync, f'{gone} usenetsync upload "$2"', place, str(source))
    assert ended.code == 0, "a whole path needs no current folder"


LOCALES = (
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "", "LANG": "xx_YY.nonsense"},
)


def test_names_are_bytes_in_any_locale(shared_usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / CAFE
    source.mkdir()
    (source / CAFE).write_text("inside")
    shared_usenetsync("upload", source, **LOCALES[1])
    for number, environment in enumerate(LOCALES):
        target = tmp_path / f"out{number}{CAFE}"
        ended = shared_usenetsync("restore", source, target, "--path", CAFE, **environment)
        assert (target / CAFE).read_text() == "inside" and "caf\\xe9" in ended.out
    unknown = shared_usenetsync("snapshots", f"no{CAFE}", expect=2, LC_ALL="C").err
    assert '"nocaf\\xe9" is not the name, path or id' in unknown


# --- D3 ---------------------------------------------------------------------------------------


def test_variables_for_other_servers(shared_usenetsync: Command) -> None:
    shared_usenetsync(
        "folders",
        PGSERVICE="elsewhere",
        PGCHANNELBINDING="require",
        PGREQUIREAUTH="scram-sha-256",
        PGTZ="nonsense",
        PGHOSTADDR="127.0.0.9",
    )


# --- D4, D9: what is typed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["upload", ""], "PATHS"),
        (["upload", "nowhere", ""], "PATHS"),
        (["tui", ""], "PATHS"),
        (["restore", "", "nowhere"], "FOLDER"),
        (["restore", "f", ""], "TARGET"),
        (["restore", "f", "nowhere", "--path", ""], "--path"),
        (["verify", ""], "FOLDER"),
        (["nzb", "", "-o", "x"], "FOLDER"),
        (["nzb", "f", "-o", ""], "-o"),
        (["snapshots", ""], "FOLDER"),
        (["files", ""], "FOLDER"),
        (["servers", "test", ""], "NAMES"),
    ],
)
def test_an_empty_argument_is_wrong_use(tmp_path: Path, line: list[str], named: str) -> None:
    ended = CliRunner().invoke(root, line, env={"USENETSYNC_HOME": str(tmp_path)})
    assert ended.exit_code == 2
    assert named in ended.stderr and "it is empty" in ended.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["uplaod", "nowhere"], 'There is no verb "uplaod". Did you mean "upload"?'),
        (["db", "stat"], 'There is no verb "stat". Did you mean "start"?'),
        (["servers", "tset"], 'There is no verb "tset". Did you mean "test"?'),
        (["upload", "nowhere", "--compresion", "lz4"], "--compression"),
        (["upload", "nowhere", "--profile", "seeled"], 'Did you mean "sealed"?'),
        (["upload", "nowhere", "--priority", "Hihg"], 'Did you mean "high"?'),
        (["upload", "nowhere", "--store", "disk"], '"disk" is not one of shards, usenet.'),
        (["files", "f", "--version", "0"], "--version"),
        (["nzb", "f", "-o", "/"], "/ is a folder, not a file"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(
    tmp_path: Path, line: list[str], words: str
) -> None:
    ended = CliRunner().invoke(root, line, env={"USENETSYNC_HOME": str(tmp_path)})
    assert ended.exit_code == 2 and words in ended.stderr


def test_a_wrong_name_or_setting(shared_usenetsync: Command, tmp_path: Path) -> None:
    (source := tmp_path / "holiday").mkdir()
    shared_usenetsync("upload", source)
    wrong = shared_usenetsync("snapshots", "holyday", expect=2).err
    assert 'Did you mean "holiday"?' in wrong
    wrong = shared_usenetsync("folders", expect=2, USENETSYNC_MAX_WORKER="3").err
    assert 'Did you mean "USENETSYNC_MAX_WORKERS"?' in wrong
    config = shared_usenetsync.home / "config" / "config.toml"
    try:
        config.write_text("max_worker = 3\n")
        wrong = shared_usenetsync("servers", expect=2, USENETSYNC_COLOUR="red").err
        assert f'{config}: unknown key "max_worker". Did you mean "max_workers"?' in wrong
        names = "".join(f'[[servers]]\nname = "{n}"\nhost = "h"\n' for n in ("a.b", "a-b"))
        config.write_text(names)
        wrong = shared_usenetsync("servers", "--json", expect=2).event("error")["message"]
        assert '"a.b" and "a-b" would share' in wrong and "USENETSYNC_PASSWORD_A_B" in wrong
    finally:
        config.unlink()


# --- D5 ---------------------------------------------------------------------------------------


def test_of_several_folders_the_readable_ones_are_saved(
    shared_usenetsync: Command, tmp_path: Path
) -> None:
    for name in ("a", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "file").touch()
    a, b, c, file = (tmp_path / name for name in ("a", "b", "c", "file"))
    ended = shared_usenetsync("upload", a, b, c, file, a, expect=3)
    assert f"{b}: The folder is not there" in ended.err and f"{file} is not a folder" in ended.err
    assert ended.out.count("version 1\n") == 2
    told = shared_usenetsync("upload", a, b, "--json", expect=3)
    assert told.event("summary")["path"] == str(a)
    assert told.event("error")["path"] == str(b)
    events = shared_usenetsync("upload", b, file, "--json", expect=1).events
    assert [e["kind"] for e in events] == ["SourceGoneError", "SourceError"]


def test_what_the_engine_refuses_costs_no_other_folder(
    shared_usenetsync: Command, tmp_path: Path
) -> None:
    """With a server, new folders are sealed; without the others' key file they are refused."""
    sealed, refused, packed = (tmp_path / name for name in ("sealed", "refused", "packed"))
    for folder in (sealed, refused, packed):
        folder.mkdir()
    shared_usenetsync("upload", sealed, "--profile", "sealed")
    shared_usenetsync("upload", packed)
    (packed / "new").write_text("new")
    key = shared_usenetsync.home / "config" / "key"
    hidden = key.rename(key.with_name("hidden"))
    server = '[{"name": "main", "host": "127.0.0.1", "port": 1}]'
    ended = shared_usenetsync("upload", refused, packed, expect=3, USENETSYNC_SERVERS=server)
    assert f"{refused}: There is no key" in ended.err and "version 2" in ended.out
    hidden.rename(key)


# --- D6 ---------------------------------------------------------------------------------------


def test_a_command_waits_for_the_holder_of_the_catalogue(
    shared_usenetsync: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    (folder / "file").write_text("content")
    server = shared_usenetsync.server
    holder = make_conninfo(server.acquire(), application_name="usenetsync upload pid 77 on host")
    try:
        with psycopg.connect(holder, autocommit=True) as held:
            held.execute("SELECT pg_advisory_lock(%s)", (KEY,))
            waiting = shared_usenetsync.start("upload", folder, "--wait", "120")
            assert waiting.stderr is not None
            assert "waiting for another usenetsync (pid 77)" in waiting.stderr.readline()
        out, err = waiting.communicate(timeout=60)
    finally:
        server.release()
    assert waiting.returncode == 0 and "version 1" in out, err


# --- D8 ---------------------------------------------------------------------------------------


def test_the_source_is_no_target_unless_it_is_meant(
    shared_usenetsync: Command, tmp_path: Path
) -> None:
    source = tmp_path / "tree"
    (source / "inner").mkdir(parents=True)
    (source / "file").write_text("saved")
    shared_usenetsync("upload", source)
    (source / "file").write_text("newer")
    (tmp_path / "link").symlink_to(source)
    for target in (source, tmp_path / "link", source / "inner" / "new", tmp_path):
        refused = shared_usenetsync("restore", source, target, expect=2).err
        assert "--in-place" in refused
    assert (source / "file").read_text() == "newer" and not (source / "inner" / "new").exists()
    shared_usenetsync("restore", source, source, "--in-place")
    assert (source / "file").read_text() == "saved"


def test_overlaps_by_any_path(tmp_path: Path) -> None:
    def refused(target: Path) -> str:
        try:
            refuse_overlap(os.fsencode(target), os.fsencode(source), way_out="")
        except UsageError as error:
            return str(error).partition(str(target))[2].partition(" the backed")[0].strip()
        return ""

    source = tmp_path / "kept"
    (source / "inner").mkdir(parents=True)
    (tmp_path / "to-inner").symlink_to(source / "inner")
    (tmp_path / "nowhere").symlink_to(tmp_path / "elsewhere" / "x")
    assert refused(source) == refused(source / "inner" / "..") == "is"
    assert refused(tmp_path / "to-inner" / "new") == refused(source / "a" / "b") == "is inside"
    assert refused(tmp_path) == refused(Path("/")) == "is around"
    for free in ("kept2", "nowhere", "new/deep"):
        assert refused(tmp_path / free) == ""
    source.rename(tmp_path / "moved")
    assert refused(source) == "", "what is gone can come back where it was"


@needs_root
def test_a_bind_mount_hides_no_overlap(tmp_path: Path) -> None:
    source, elsewhere = tmp_path / "kept", tmp_path / "elsewhere"
    (source / "inner").mkdir(parents=True)
    elsewhere.mkdir()
    for bound, seen in (
        (source, elsewhere),
        (source / "inner", elsewhere / "new"),
        (tmp_path, elsewhere),
    ):
        mount = ["mount", "--bind", str(bound), str(elsewhere)]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            pytest.skip("bind mounts are not allowed here")
        try:
            with pytest.raises(UsageError):
                refuse_overlap(os.fsencode(seen), os.fsencode(source), way_out="")
        finally:
            subprocess.run(["umount", str(elsewhere)], check=True)
    refuse_overlap(os.fsencode(elsewhere), os.fsencode(source), way_out="")
