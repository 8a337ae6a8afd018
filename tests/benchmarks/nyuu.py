"""Nyuu 0.4.0, the poster we are measured against, from npm.

Run ``python tests/benchmarks/nyuu.py CACHE`` to install it into a folder; it needs node (with its
headers below the same prefix, as NodeSource's package ``nodejs`` or Debian's ``libnode-dev`` have
them), npm and a C++ compiler.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

VERSION = "0.4.0"


def available() -> str | None:
    """Why it cannot be installed here; None when it can."""
    missing = [name for name in ("node", "npm", "g++", "make") if shutil.which(name) is None]
    return f"Nyuu needs {', '.join(missing)}" if missing else None


def install(cache: Path) -> Path:
    """The script to run with node, installed into `cache` unless it is there already.

    RuntimeError with the words of what failed.
    """
    modules = cache / "node_modules"
    script = modules / "nyuu" / "bin" / "nyuu.js"
    native = modules / "yencode" / "build" / "Release" / "yencode.node"
    if not native.exists():
        cache.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "--prefix", str(cache), "--no-audit", "--no-fund"]
        _run(*npm, "install", "--ignore-scripts", f"nyuu@{VERSION}")
        # Its native module is compiled against the headers of the node that is here: without
        # --nodedir, node-gyp would fetch them.
        _run(*npm, "rebuild", "--foreground-scripts", f"--nodedir={_prefix()}", "yencode")
    found = json.loads((modules / "nyuu" / "package.json").read_text())["version"]
    if found != VERSION or not native.exists():
        raise RuntimeError(f"{cache} has Nyuu {found}, native module: {native.exists()}")
    return script


def command(
    script: Path, files: Iterable[Path], *, port: int, tls: bool, connections: int = 8
) -> list[str]:
    """The command line that posts the files to 127.0.0.1 as fast as it can, and checks nothing."""
    return [
        *("node", str(script), "--quiet"),
        *("--host", "127.0.0.1", "--port", str(port), "--connections", str(connections)),
        *(("--ssl", "--ignore-cert") if tls else ()),
        *("--from", "a@b.test", "--groups", "alt.binaries.test", "--article-size", "768000"),
        *("--post-chunk-size", "0", "--check-tries", "0"),
        *map(str, files),
    ]


def _prefix() -> Path:
    node = _run("node", "-p", "process.execPath")
    return Path(node.strip()).parents[1]


def _run(*command: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stdout + done.stderr)[-2_000:]
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{words}")
    return done.stdout


if __name__ == "__main__":
    print(install(Path(sys.argv[1]).absolute()))
