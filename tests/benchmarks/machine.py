"""The machine and the programs of a measurement, in words for the table."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

from .tools import Tool


def description() -> dict[str, str]:
    """Processor, cores this process may use, memory, kernel, Python."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{_memory() / 1e9:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions(tools: Iterable[Tool]) -> dict[str, str]:
    """Of those that are there."""
    found = dict.fromkeys(tool for tool in tools if not tool.missing())
    return {tool.program: tool.version() for tool in found}


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> int:
    """Bytes of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
