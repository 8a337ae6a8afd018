"""The `:restore` line: options anywhere, and the rest is the target, which may have spaces."""

from __future__ import annotations

import os
import re

from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.tui.commands.parsed_commands import CommandError

OPTIONS = ("--version ", "--in-place", "--overwrite ", "--delete", "--exclude ", "--numeric-ids")
_OPTION = re.compile(
    r"(?:^|\s)--(?:(version|overwrite|exclude)[ =](\S+)|(in-place|delete|numeric-ids))(?=\s|$)",
    re.ASCII,
)
_VERSION = re.compile(r"[0-9]{1,9}", re.ASCII)


def read_options(text: str) -> tuple[str, int | None, RestoreChoices, bool]:
    """The target, the version, the choices, and whether it is the folder's own place.

    Raises `CommandError`.
    """
    version, exclude, overwrite = None, list[bytes](), Overwrite.ALWAYS
    flags = set()
    for name, value, flag in _OPTION.findall(text):
        flags.add(flag)
        match name:
            case "version":
                version = _version(value)
            case "overwrite":
                overwrite = _overwrite(value)
            case "exclude":
                exclude.append(os.fsencode(value))
    target = _OPTION.sub("", text).strip()
    if target.startswith("--"):
        raise CommandError("Type restore TARGET; add --version N for an older version.")
    in_place = "in-place" in flags
    if target and in_place:
        raise CommandError("Type restore TARGET, or restore --in-place.")
    choices = RestoreChoices(
        tuple(exclude), overwrite, "delete" in flags, numeric_ids="numeric-ids" in flags
    )
    return target, version, choices, in_place


def _version(value: str) -> int:
    if _VERSION.fullmatch(value) is None:
        raise CommandError("A version is a number.")
    if int(value) == 0:
        raise CommandError("Version numbers start at 1.")
    return int(value)


def _overwrite(value: str) -> Overwrite:
    try:
        return Overwrite(value)
    except ValueError:
        words = ", ".join(Overwrite)
        raise CommandError(f"--overwrite takes one of {words}.") from None
