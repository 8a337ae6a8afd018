"""The settings of the embedded server, sized to the machine.

``settings`` is pure: a machine and a path in, settings out. Source: PostgreSQL 18 manual,
chapter 19.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from usenetsync_tui.model.value_object import value_object

_MIB = 1 << 20
_GIB = 1 << 30
# cgroup v2, then v1: the part of the machine's memory that a container may use.
_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@value_object
class Machine:
    """The resources that the settings depend on."""

    memory: int
    """Bytes of RAM we may use."""

    free_disk: int
    """Free bytes on the file system of the cluster."""

    @classmethod
    def measure(cls, folder: Path) -> Machine:
        """This machine, with the file system ``folder`` is on."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        for file in map(Path, _MEMORY_LIMITS):
            if file.is_file() and (text := file.read_text().strip()).isdecimal():
                memory = min(memory, int(text))
        return cls(memory=memory, free_disk=shutil.disk_usage(folder).free)


def settings(machine: Machine, *, socket_dir: Path) -> dict[str, str]:
    """The server's settings, name to value (not yet quoted)."""
    wal = _between(256 * _MIB, machine.free_disk // 10, 8 * _GIB)
    return {
        # Access: none from the network; the socket is in a folder of mode 0700.
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        # The query of a killed client ends soon, not when it is finished.
        "client_connection_check_interval": "5s",
        # Memory.
        "shared_buffers": _mib(_between(32 * _MIB, machine.memory // 8, 2 * _GIB)),
        "effective_cache_size": _mib(_between(64 * _MIB, machine.memory // 2, 8 * _GIB)),
        "work_mem": "32MB",
        "maintenance_work_mem": _mib(_between(32 * _MIB, machine.memory // 32, 512 * _MIB)),
        "huge_pages": "try",
        # Taken from the server's own memory: containers give 64 MB of /dev/shm, and systemd
        # empties it (RemoveIPC) when a user logs out and leaves tmux behind.
        "min_dynamic_shared_memory": "64MB",
        # Full durability; the write-ahead log has no more than one server needs.
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": _mib(wal),
        "min_wal_size": _mib(_between(80 * _MIB, wal // 8, _GIB)),
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        # Plans.
        "random_page_cost": "1.1",
        "jit": "off",
        "max_worker_processes": "16",
        "max_parallel_workers": "8",
        # Partitions of millions of rows must not wait until a fifth of the rows changed.
        "autovacuum": "on",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_vacuum_insert_scale_factor": "0.1",
        "autovacuum_analyze_scale_factor": "0.05",
        "autovacuum_vacuum_cost_limit": "2000",
        # The log goes to our descriptor. No statement, parameter, row or key gets into it.
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": "-1",
        "log_startup_progress_interval": "2s",
        # The same everywhere.
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "lc_monetary": "C",
        "lc_numeric": "C",
        "lc_time": "C",
        "datestyle": "ISO, YMD",
        "default_text_search_config": "pg_catalog.simple",
    }


def render(values: dict[str, str]) -> str:
    """``values`` in the syntax of postgresql.conf (every value quoted and escaped)."""
    lines = ["# usenetsync writes this file at each start and discards changes made here."]
    for name, value in values.items():
        escaped = value.replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{escaped}'")
    return "\n".join(lines) + "\n"


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))


def _mib(size: int) -> str:
    return f"{size // _MIB}MB"
