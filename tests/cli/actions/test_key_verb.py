"""`usenetsync key`: what it shows, and a change of the secret that may be killed at any write."""

from __future__ import annotations

import inspect
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from in_process import InProcess

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.codec import key_wrapping
from usenetsync_tui.codec.key_wrapping import KeySecret, SecretKind, is_of, unwrap_key
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.secret_change.change import NewSecret, change_secret, settle
from usenetsync_tui.engine.secret_change.record import read_note
from usenetsync_tui.errors import KeyUnavailableError
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres import lock
from usenetsync_tui.postgres.pool import open_pool
from usenetsync_tui.settings.settings import load_settings

PHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt without its half second, and no wait for another engine."""
    monkeypatch.setattr(key_wrapping, "_LOG2_N", 4)


@pytest.fixture
def sealed(run: InProcess, tmp_path: Path) -> InProcess:
    """Two folders in shards: one sealed, one packed; each has an index."""
    run.configure()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    run("upload", "-q", "--profile", "sealed", tmp_path / "one")
    run("upload", "-q", "--profile", "packed", tmp_path / "two")
    return run


def blobs() -> list[bytes]:
    with psycopg.connect(os.environ["USENETSYNC_DATABASE_URL"]) as conn:
        query = "SELECT wrapped_key FROM realms WHERE wrapped_key IS NOT NULL ORDER BY id"
        return [row[0] for row in conn.execute(query)]


def opened_by(secret: KeySecret) -> list[bytes]:
    return [unwrap_key(blob, secret) for blob in blobs()]


def file_secret(path: Path) -> KeySecret:
    return KeySecret.key_file(path.read_text().strip().encode())


def config(run: InProcess) -> Path:
    return run.home / "config"


def phrase_file(tmp_path: Path, words: str = PHRASE) -> Path:
    path = tmp_path / "phrase"
    path.write_text(words + "\n")
    path.chmod(0o600)
    return path


def assert_all_open(run: InProcess, tmp_path: Path, keys: list[bytes]) -> None:
    """Everything opens, by the program's own judgement and by ours."""
    found = run("key", "show", "--json").of("key")
    assert len(found) == len(keys) and all(key["opens"] for key in found)
    out = tmp_path / "out"
    for name in ("one", "two"):
        run("restore", "-q", name, out / name)
        assert (out / name / "file").read_text() == name
        (out / name / "file").unlink()


def test_show(sealed: InProcess) -> None:
    path = config(sealed) / "key"
    words = path.read_text().strip()
    ended = sealed("key", "show")
    assert str(path) in ended.out and "0600" in ended.out and words not in ended.out
    (report,) = sealed("key", "show", "--json").of("secret")
    found = sealed("key", "show", "--json").of("key")
    assert {(k["folder"], k["purpose"]) for k in found} == {
        ("one", "files"),
        ("one", "index"),
        ("two", "index"),
    }
    assert {k["fingerprint"] for k in found} == {report["fingerprint"]} and report["fingerprint"]
    path.write_text("0" * 64 + "\n")
    ended = sealed("key", "show", expect=3)
    assert ended.out.count("Another key file wrapped it") == 3
    path.unlink()
    ended = sealed("key", "show", expect=3)
    assert "does not exist" in ended.out and ended.out.count("is missing") == 3
    path.write_text(words + "\n")
    path.chmod(0o644)
    ended = sealed("key", "show", expect=3)
    assert "others have access" in ended.out and "chmod 600" in ended.out
    path.chmod(0o600)
    sealed("key", "show")


def test_there_and_back(sealed: InProcess, tmp_path: Path) -> None:
    """File → other file → passphrase → other passphrase → file in place; nothing is posted."""
    first = config(sealed) / "key"
    keys = opened_by(file_secret(first))
    second = tmp_path / "usb" / "key2"
    second.parent.mkdir()
    ended = sealed("key", "change", "--new-key-file", second)
    assert str(second) in ended.out and str(first) in ended.out
    assert stat.S_IMODE(second.stat().st_mode) == 0o600
    assert opened_by(file_secret(second)) == keys and first.exists()
    assert f'key_file = "{second}"' in (config(sealed) / "config.toml").read_text()
    assert "check_delays" in (config(sealed) / "config.toml").read_text()
    phrase = phrase_file(tmp_path)
    sealed("key", "change", "--new-passphrase-file", phrase)
    assert opened_by(KeySecret.passphrase(PHRASE)) == keys
    assert PHRASE not in sealed("key", "show").out
    other = tmp_path / "other"
    other.write_text("another\n")
    other.chmod(0o600)
    sealed("key", "change", "--new-passphrase-file", other)
    assert_all_open(sealed, tmp_path, keys)
    sealed("key", "change", "--new-key-file", second)
    former = second.read_bytes()
    sealed("key", "change", "--new-key-file", second)
    assert second.with_name("key2.old").read_bytes() == former != second.read_bytes()
    sealed("key", "change", "--new-key-file", second)
    assert second.with_name("key2.old-2").exists() and opened_by(file_secret(second)) == keys
    assert_all_open(sealed, tmp_path, keys)
    # A folder that is new now is wrapped by the new file, and former keys are not uploaded.
    sealed("upload", "-q", "--profile", "plain", second.parent)
    listed = {e["path"] for e in sealed("files", "usb", "--json").of("file")}
    assert not {"key2", "key2.old", "key2.old-2"} & listed
    assert all(is_of(blob, file_secret(second)) for blob in blobs())


def test_a_passphrase_in_the_settings_moves_to_a_file(sealed: InProcess, tmp_path: Path) -> None:
    sealed("key", "change", "--new-passphrase-file", phrase_file(tmp_path))
    sealed.configure(passphrase=json.dumps(PHRASE))
    sealed("key", "change", "--new-key-file", config(sealed) / "key2")
    text = (config(sealed) / "config.toml").read_text()
    assert PHRASE not in text and "passphrase =" not in text
    old = config(sealed) / "passphrase.old"
    assert old.read_text() == PHRASE + "\n" and stat.S_IMODE(old.stat().st_mode) == 0o600


def test_a_useless_secret_is_refused(sealed: InProcess, tmp_path: Path) -> None:
    before = blobs()
    cases = (
        ("--new-passphrase-file", "words\n", 0o644, 2, "Others can read"),
        ("--new-passphrase-file", "", 0o600, 1, "passphrase is empty"),
        ("--new-key-file", "00\n", 0o600, 1, "fewer than 32 bytes"),
        ("--new-passphrase-file", None, 0, 2, "cannot be read"),
    )
    for number, (option, text, mode, code, words) in enumerate(cases):
        path = tmp_path / f"secret{number}"
        if text is not None:
            path.write_text(text)
            path.chmod(mode)
        assert words in sealed("key", "change", option, path, expect=code).err
        assert blobs() == before and not (config(sealed) / "secrets.json").exists()
    assert "is a folder" in sealed("key", "change", "--new-key-file", tmp_path, expect=2).err
    assert "Give either" in sealed("key", "change", expect=2).err
    path = phrase_file(tmp_path)
    sealed("key", "change", "--new-passphrase-file", path)
    ended = sealed("key", "change", "--new-passphrase-file", path, expect=2)
    assert "wraps all keys already" in ended.err


def full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_what_stops_a_change(
    sealed: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(sealed) / "key"
    right = path.read_bytes()
    path.write_text("1" * 64 + "\n")
    before = blobs()
    ended = sealed("key", "change", "--new-key-file", tmp_path / "new", expect=1)
    assert "one (files)" in ended.err and "two (index)" in ended.err
    assert blobs() == before and not (tmp_path / "new").exists()
    path.write_bytes(right)
    with monkeypatch.context() as patch:
        patch.setattr("usenetsync_tui.whole_file._to_disk", full)
        ended = sealed("key", "change", "--new-key-file", tmp_path / "new", expect=1)
    assert "No space left" in ended.err and str(tmp_path / "new") in ended.err
    monkeypatch.setattr("usenetsync_tui.cli.errand.request.SHORTEST_PATIENCE", 0.1)
    with psycopg.connect(os.environ["USENETSYNC_DATABASE_URL"], autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (lock.KEY,))
        ended = sealed("key", "change", "--new-key-file", config(sealed) / "new", expect=1)
    assert "Another usenetsync is using this catalogue" in ended.err
    assert blobs() == before and not (tmp_path / "new").exists()
    sealed("key", "show")


def test_variables_that_would_hide_the_change(
    sealed: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USENETSYNC_KEY_FILE", str(config(sealed) / "key"))
    before = blobs()
    ended = sealed("key", "change", "--new-key-file", tmp_path / "new", expect=2)
    assert "USENETSYNC_KEY_FILE is set" in ended.err and blobs() == before
    sealed("key", "change", "--new-key-file", config(sealed) / "key")
    assert blobs() != before
    sealed("key", "change", "--new-passphrase-file", phrase_file(tmp_path))
    monkeypatch.setenv("USENETSYNC_PASSPHRASE", PHRASE)
    other = tmp_path / "other"
    other.write_text("another\n")
    other.chmod(0o600)
    ended = sealed("key", "change", "--new-passphrase-file", other)
    assert "Unset USENETSYNC_PASSPHRASE" in ended.out
    sealed("key", "show")


# --- killed at any write ------------------------------------------------------------------


class KilledError(BaseException):
    """Stands for a kill: nothing of ours catches it."""


_WRITES: tuple[tuple[Any, str], ...] = (
    (os, "link"),
    (os, "replace"),
    (os, "unlink"),
    (os, "fsync"),
    (psycopg.AsyncTransaction, "__aexit__"),
)


@contextmanager
def failing_at(number: int, fail: Callable[[], object]) -> Iterator[list[int]]:
    """Fail at the boundary with this number: two for each write, before and after it.

    The list has how many boundaries there were.
    """
    count, originals = [0], [(owner, name, getattr(owner, name)) for owner, name in _WRITES]

    def passed() -> None:
        count[0] += 1
        if count[0] == number:
            fail()

    def wrapped(original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            passed()
            result = original(*arguments, **named)
            passed()
            return result

        async def call_async(*arguments: Any, **named: Any) -> Any:
            passed()
            result = await original(*arguments, **named)
            passed()
            return result

        return call_async if inspect.iscoroutinefunction(original) else call

    for owner, name, original in originals:
        setattr(owner, name, wrapped(original))
    try:
        yield count
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def killed() -> None:
    raise KilledError


def assert_ring_opens(locations: Locations, keys: list[bytes], place: str) -> None:
    ring = KeyRing(load_settings(locations.config_dir), locations)
    try:
        assert [ring.unwrap(blob) for blob in blobs()] == keys
    except KeyUnavailableError as error:
        pytest.fail(f"{place}: {error}")


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["in place", "passphrase to file"])
async def test_killed_at_every_write(sealed: InProcess, tmp_path: Path, way: str) -> None:
    """After each kill one secret opens every key, at once and after the next start."""
    locations = Locations.find({"USENETSYNC_HOME": str(sealed.home)})
    keys = opened_by(file_secret(config(sealed) / "key"))
    phrase = NewSecret(SecretKind.PASSPHRASE, phrase_file(tmp_path))
    address = os.environ["USENETSYNC_DATABASE_URL"]
    number = changes = 0
    async with open_pool(address, max_size=2, application_name="keys") as pool:
        catalogue = Catalogue(pool)
        if way == "passphrase to file":
            await change_secret(catalogue, locations, phrase)
        while True:
            number += 1
            kind, target = SecretKind.KEY_FILE, tmp_path / f"key{changes}"
            if way == "in place":
                target = config(sealed) / "key"
            before = blobs()
            with failing_at(number, killed) as count, suppress(KilledError):
                await change_secret(catalogue, locations, NewSecret(kind, target))
            place = f"{way}, boundary {number}"
            assert_ring_opens(locations, keys, place)
            await settle(catalogue, locations)
            assert_ring_opens(locations, keys, f"{place}, settled")
            assert read_note(locations.config_dir).pending is None
            if blobs() != before:
                changes += 1
                if way == "passphrase to file":
                    await change_secret(catalogue, locations, phrase)
            if count[0] < number:
                break
    assert changes > 5, "it was killed after the transaction, too"
    assert number - changes > 5, "and before it"
    assert not list(config(sealed).glob("*.new"))


_PROGRAM = """
import os, signal, sys
sys.path[:0] = {paths!r}
from test_key_verb import failing_at
from usenetsync_tui.cli.command import root
with failing_at({number}, lambda: os.kill(os.getpid(), signal.SIGKILL)):
    root.main(["key", "change", "--new-key-file", {target!r}])
"""


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_process_killed_at_a_write(sealed: InProcess, tmp_path: Path, share: float) -> None:
    key = config(sealed) / "key"
    keys = opened_by(file_secret(key))
    with failing_at(0, killed) as count:
        sealed("key", "change", "--new-key-file", key)
    here = os.path.dirname(os.path.abspath(__file__))
    program = _PROGRAM.format(
        paths=[here, *sys.path], number=round(count[0] * share), target=str(key)
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert_all_open(sealed, tmp_path, keys)
    sealed("key", "change", "--new-key-file", key)
    assert opened_by(file_secret(key)) == keys
