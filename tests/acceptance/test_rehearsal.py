"""The README's rehearsal, "When the disk is gone", as its reader types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripted_server import ScriptedServer

README = Path(__file__).parents[2] / "README.md"


def rehearsal() -> str:
    """The commands of the chapter."""
    chapter = README.read_text().partition("\n## When the disk is gone\n")[2]
    told = chapter.partition("<!-- rehearsal -->")[2].partition("<!-- end of the rehearsal -->")[0]
    return told.strip().removeprefix("```sh\n").removesuffix("```")


def test_the_rehearsal_brings_everything_back(tmp_path: Path) -> None:
    config = tmp_path / ".config" / "usenetsync"
    config.mkdir(parents=True, mode=0o700)
    with ScriptedServer() as server:
        (config / "config.toml").write_text(
            "check_delays = []\nnewsgroups = ['alt.test']\n[[servers]]\nname = 'main'\n"
            f"host = '{server.host}'\nport = {server.port}\ntls = 'none'\nconnections = 4\n"
        )
        (config / "config.toml").chmod(0o600)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("USENETSYNC_", "XDG_"))}
        home = {"HOME": str(tmp_path), "USENETSYNC_HOME": str(tmp_path / "elsewhere")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", rehearsal()],
            env={**kept, **home, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "All is back." in ended.stdout
    assert "The recovery string is in " in ended.stderr
    letters, back = tmp_path / "rehearsal" / "letters", tmp_path / "rehearsal" / "back"
    assert (back / "today").read_bytes() == (letters / "today").read_bytes()
    assert not (tmp_path / "rehearsal" / "old").exists() and not (tmp_path / "elsewhere").exists()
