"""The log of a service: a line an event, each once, rotated, reopened."""

from __future__ import annotations

from pathlib import Path

from usenetsync_tui.cli.service.event_log import KEPT, NAME, ServiceLog
from usenetsync_tui.model.status.tasks import Event, Severity


def _event(number: int, text: str = "upload of photos began") -> Event:
    return Event(1_700_000_000.0 + number, Severity.WARN, f"{text} {number}")


def test_each_event_is_a_line_once(tmp_path: Path) -> None:
    shown: list[Event] = []
    log = ServiceLog(tmp_path, shown.append)
    events = tuple(map(_event, range(5)))
    for latest in ((), events[:2], events[:2], events[1:4], events[3:], events[3:]):
        log.take(latest)
    log.begin_engine()
    log.take(events[:1])
    log.close()
    lines = (tmp_path / NAME).read_text().splitlines()
    assert [int(line.rpartition(" ")[2]) for line in lines] == [0, 1, 2, 3, 4, 0]
    assert all(" WARNING upload of photos began " in line for line in lines)
    assert len(shown) == 6
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_lines_hold_no_password_and_no_control_characters(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path, bool)
    log.write(_event(1, "lost postgresql://me:hunter2@db/x\n\x1b[31mred"))
    log.close()
    (line,) = (tmp_path / NAME).read_text().splitlines()
    assert "hunter2" not in line
    assert "\x1b" not in line


def test_it_is_rotated_and_old_files_go(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path, bool, largest=1_000)
    for number in range(200):
        log.write(_event(number))
    log.close()
    found = sorted(tmp_path.iterdir())
    assert [path.name for path in found] == [NAME, *(f"{NAME}.{n}" for n in range(1, KEPT + 1))]
    assert all(path.stat().st_size <= 1_000 for path in found)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in found)
    assert found[0].read_text().splitlines()[-1].endswith(" 199")


def test_it_is_opened_anew_after_another_program_moved_it(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path, bool)
    log.reopen()
    log.write(_event(1))
    (tmp_path / NAME).rename(tmp_path / "moved")
    log.reopen()
    log.write(_event(2))
    log.close()
    assert (tmp_path / NAME).read_text().endswith(" 2\n")
    assert (tmp_path / "moved").read_text().endswith(" 1\n")
