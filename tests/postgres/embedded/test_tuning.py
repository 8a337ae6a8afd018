"""The settings fit small and large machines."""

from __future__ import annotations

from pathlib import Path

from usenetsync_tui.postgres.embedded.tuning import Machine, render, settings

GIB = 1 << 30


def sized(memory: int, free_disk: int) -> dict[str, str]:
    return settings(Machine(memory=memory, free_disk=free_disk), socket_dir=Path("/s"))


def test_a_large_machine_gets_the_most() -> None:
    values = sized(256 * GIB, 10_000 * GIB)
    assert values["shared_buffers"] == "2048MB"
    assert values["effective_cache_size"] == "8192MB"
    assert values["max_wal_size"] == "8192MB"


def test_a_small_machine_keeps_its_memory_and_disk() -> None:
    values = sized(GIB, 5 * GIB)
    assert values["shared_buffers"] == "128MB"
    assert values["effective_cache_size"] == "512MB"
    assert values["max_wal_size"] == "512MB"


def test_no_secret_is_logged_and_no_port_is_opened() -> None:
    values = sized(GIB, GIB)
    assert values["listen_addresses"] == ""
    assert values["log_min_error_statement"] == "panic"
    assert values["log_parameter_max_length"] == "0"
    assert values["log_error_verbosity"] == "terse"


def test_values_are_escaped() -> None:
    assert render({"a": "it's\\n"}).endswith("a = 'it''s\\\\n'\n")


def test_measures_this_machine(tmp_path: Path) -> None:
    machine = Machine.measure(tmp_path)
    assert machine.memory > 1 << 26
    assert machine.free_disk > 0
