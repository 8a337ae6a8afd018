"""Everything that the database creates is closed to other users, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from own_servers import MakeServer, needs_root

from usenetsync_tui.postgres.embedded import binaries, log_file
from usenetsync_tui.postgres.embedded.server_paths import create_own


@pytest.fixture
def without_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(root: Path) -> dict[str, int]:
    """Every folder, file and socket below (not symlinks), by its path."""
    found = {}
    for folder, _, names in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            status = path.lstat()
            if not stat.S_ISLNK(status.st_mode):
                found[str(path)] = stat.S_IMODE(status.st_mode)
    return found


@pytest.mark.usefixtures("without_umask")
def test_all_of_a_server_is_private(make_server: MakeServer, home: Path) -> None:
    one = make_server()
    with psycopg.connect(one.acquire()) as conn:
        conn.execute("CREATE TABLE kept AS SELECT generate_series(1, 100000) AS n")
    one.stay(True)
    passable = {str(one.folders[0]): 0o711} if os.geteuid() == 0 else {}
    for root in (one.folders[0], home / "log", home / "config"):
        for path, mode in modes(root).items():
            wanted = passable.get(path, 0o700)
            assert mode & ~wanted == 0, f"{path} {mode:o}"
    assert modes(one.folders[0])[str(one.folders[0])] == passable.get(str(one.folders[0]), 0o700)


@needs_root
@pytest.mark.usefixtures("without_umask")
def test_what_root_puts_elsewhere_is_private(make_server: MakeServer, home: Path) -> None:
    (closed := home / "closed").mkdir(mode=0o700)
    system = home / "deep" / "er" / "system"
    one = make_server(closed, system)
    one.acquire()
    assert one.folders[0].parent == system
    for folder in (one.folders[0], system, system.parent, system.parent.parent):
        assert modes(folder)[str(folder)] == 0o711, folder
    for path, mode in modes(one.status().pgdata).items():
        assert mode & ~0o700 == 0, path


@pytest.mark.usefixtures("without_umask")
def test_folders_above_are_not_for_all_to_write(tmp_path: Path) -> None:
    create_own(tmp_path / "a" / "b" / "c")
    wanted = 0o711 if os.geteuid() == 0 else 0o700
    made = [tmp_path / name for name in ("a", "a/b", "a/b/c")]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [wanted] * 3


@pytest.mark.usefixtures("without_umask")
def test_the_log_and_its_copy_are_private(tmp_path: Path) -> None:
    log = tmp_path / "postgresql.log"
    with log_file.open_log(log) as descriptor:
        os.write(descriptor, b"x" * (9 << 20))
    log_file.bound_log(log)
    assert set(modes(tmp_path).values()) <= {0o600, stat.S_IMODE(tmp_path.stat().st_mode)}


@needs_root
@pytest.mark.usefixtures("without_umask")
def test_the_copied_programs_are_never_for_others_to_write(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    chmod = os.chmod

    def watched(path: str | Path, mode: int, **options: bool) -> None:
        if Path(path).parent == home / "system":  # From now on other users can pass.
            opened.append(Path(path))
            writable = [name for name, found in modes(Path(path)).items() if found & 0o022]
            assert writable in ([], [str(path)]), f"{path} is open, and {writable[:3]} writable"
        chmod(path, mode, **options)

    monkeypatch.setattr(os, "chmod", watched)
    found = binaries._copy_once(binaries._site_packages(), home / "system")
    assert opened and not any(mode & 0o022 for mode in modes(found).values())
