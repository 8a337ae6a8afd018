"""The peers and tools: whether they are on PATH, which version, and how they come there."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True, slots=True)
class Tool:
    """A program by its name on PATH; `asked` makes it say its version."""

    program: str
    get: str
    """How it is installed."""
    asked: tuple[str, ...] = ("--version",)

    def missing(self) -> str:
        """Why it cannot take part; empty when it can."""
        if shutil.which(self.program):
            return ""
        return f"{self.program} is not on PATH ({self.get})"

    def version(self) -> str:
        """The first number by itself that it says."""
        done = subprocess.run(
            [self.program, *self.asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"(?<![\w.])\d+(\.\d+)*", done.stdout + done.stderr)
        return found[0] if found else "of an unknown version"


class Library(Tool):
    """A library, by the name of its distribution."""

    def missing(self) -> str:
        """Why it cannot take part; empty when it can."""
        try:
            self.version()
        except metadata.PackageNotFoundError:
            return f"{self.program} is not installed ({self.get})"
        return ""

    def version(self) -> str:
        """That of the distribution."""
        return metadata.version(self.program)


NYUU = Tool("nyuu", "npm package nyuu, installed as the README says")
RESTIC = Tool("restic", "Debian package restic", ("version",))
NZBGET = Tool("nzbget", "Debian package nzbget")
FIND = Tool("find", "Debian package findutils")
SHA256SUM = Tool("sha256sum", "Debian package coreutils")
LESS = Tool("less", "Debian package less")
PY_SPY = Tool("py-spy", "pip install py-spy")
CC = Tool("cc", "Debian package gcc")
