"""The README's rehearsal, "When the disk is gone", as its reader types it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_server import ScriptedServer

README = Path(__file__).parents[2] / "README.md"


def rehearsal() -> str:
    """The commands of the chapter."""
    chapter = README.read_text().partition("\n## When the disk is gone\n")[2]
    told = chapter.partition("<!-- rehearsal -->")[2].partition("<!-- end of the rehearsal -->")[0]
    return told.strip().removeprefix("```sh\n").removesuffix("```")


@pytest.fixture
def user_home() -> Iterator[Path]:
    """A home that root's database can reach, too, so that it is inside."""
    with tempfile.TemporaryDirectory(prefix="us-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_the_rehearsal_brings_everything_back(user_home: Path) -> None:
    config = user_home / ".config" / "usenetsync"
    config.mkdir(parents=True, mode=0o700)
    with ScriptedServer() as server:
        (config / "config.toml").write_text(
            "check_delays = []\nnewsgroups = ['alt.test']\n[[servers]]\nname = 'main'\n"
            f"host = '{server.host}'\nport = {server.port}\ntls = 'none'\nconnections = 4\n"
        )
        (config / "config.toml").chmod(0o600)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("USENETSYNC_", "XDG_"))}
        home = {"HOME": str(user_home), "USENETSYNC_HOME": str(user_home / "elsewhere")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", rehearsal()],
            env={**kept, **home, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
        subprocess.run(
            ["usenetsync", "db", "stop"],
            env={**kept, "PATH": path, "USENETSYNC_HOME": str(user_home / "rehearsal" / "new")},
            timeout=60,
            check=True,
            capture_output=True,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "All is back." in ended.stdout
    assert "The recovery string is in " in ended.stderr
    letters, back = user_home / "rehearsal" / "letters", user_home / "rehearsal" / "back"
    assert (back / "today").read_bytes() == (letters / "today").read_bytes()
    # It was adopted: the next upload is version 2, and reads the new file only.
    assert "letters: adopted version 1" in ended.stdout
    assert "letters: version 2" in ended.stdout and "1 added, 0 changed" in ended.stdout
    assert "1 file read" in ended.stdout.rpartition("version 2")[2]
    assert not (user_home / "rehearsal" / "old").exists() and not (user_home / "elsewhere").exists()
