"""Folders as lines: aligned, complete, and no wider than their pane."""

from __future__ import annotations

import dataclasses

import pytest
from rich.cells import cell_len
from tui_demo import STATES, folder, folders_of, job, of_folder, running
from tui_fakes import HOSTILE, NOON, snapshot

from usenetsync_tui.model.folders import Priority, SnapshotState
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus, LastCheck
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.kit.inks import Line, width_of
from usenetsync_tui.tui.panes.errand_lines import fraction
from usenetsync_tui.tui.panes.folder_lines import folder_blocks, no_folder_lines
from usenetsync_tui.tui.panes.stalls import STALLED_AFTER, StallDetector

WIDTHS = (*range(20, 64), *range(64, 161, 7))


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def block(each: FolderStatus, width: int = 90, **options: frozenset[int]) -> list[str]:
    return [text(line) for line in folder_blocks([each], width, **options)[0]]


def of(one: JobStatus) -> FolderStatus:
    return of_folder(one)


@pytest.mark.parametrize("state", STATES)
def test_no_line_is_wider_than_the_pane(state: str) -> None:
    status = STATES[state]().status
    for width in WIDTHS:
        blocks = folder_blocks(status.folders, width, others=status.jobs)
        lines = [*no_folder_lines(status, width), *(line for each in blocks for line in each)]
        assert [text(line) for line in lines if width_of(line) > width] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_folders_are_harmless(name: bytes) -> None:
    words = name.decode("utf-8", "surrogateescape")
    restore = job(verb=Verb.RESTORE, target=b"/mnt/" + name, current=name, folder=words)
    failed = job(state=JobState.FAILED, message=f"no: {words}", folder=words)
    for one in (restore, failed):
        for width in WIDTHS:
            lines = folder_blocks([of(one)], width)[0]
            assert all(text(line).isprintable() for line in lines)
            assert max(width_of(line) for line in lines) <= width


@pytest.mark.parametrize("width", [34, 50, 78, 120])
def test_bars_stand_under_each_other(width: int) -> None:
    status = running()
    heads = [text(lines[0]) for lines in folder_blocks(status.folders, width)]
    resting, *heads = heads
    assert cell_len(resting) == width
    begins = {min(head.find(glyph) for glyph in "━─" if glyph in head) for head in heads}
    ends = {max(head.rfind(glyph) for glyph in "━─╸") for head in heads}
    assert len(heads) == 2
    assert len(begins) == len(ends) == 1
    assert {cell_len(head) for head in heads} == {width}


def test_a_running_folder_shows_speed_rest_and_path() -> None:
    head, figures, current = block(of(job()), 90)
    assert head.startswith("▲ photos  55%  ━")
    assert head.endswith("84.2 MB/s  ETA 5h12m")
    assert figures == ("  1,243,018/3,000,512 files  1.21/2.20 TB  v12  usenet·sealed  ! 3 errors")
    assert current == "  1998/Urlaub 日本/IMG_48213.CR3"


def test_a_narrow_pane_keeps_glyph_name_percent_and_bar() -> None:
    head, figures, _ = block(of(job()), 34)
    assert head.startswith("▲ photos  55%  ━")
    assert head[-1] in "━─"
    assert figures == "  1.24M/3.00M files  v12  ! 3"
    head, figures = block(of(job(state=JobState.PAUSED, current=b"")), 34)
    assert head[-1] in "━─"
    assert figures.startswith("  ‖ paused  1.24M")


def test_errors_are_always_shown() -> None:
    for width in WIDTHS:
        assert "! 37" in block(of(job(errors=37)), width)[1]


def test_totals_that_grow_say_so() -> None:
    growing = block(of(job(scanned=False)))[1]
    assert "1,243,018/3,000,512+ files  1.21/2.20 TB+" in growing


def test_before_the_first_byte_it_is_indexing() -> None:
    head, figures, *_ = block(
        of(job(scanned=False, done_bytes=0, done_files=0, total_files=0, total_bytes=0))
    )
    assert head.startswith("… photos    –")
    assert head.endswith("indexing")
    assert "3,000,512 paths found" in figures


def test_a_priority_that_is_not_normal_is_shown() -> None:
    assert "high" not in block(of(job()))[1]
    assert "high" in block(of(job(priority=Priority.HIGH)))[1]


def test_a_stalled_job_says_so() -> None:
    head = block(of(job()), stalled=frozenset({1}))[0]
    assert head.startswith("! photos")
    assert head.endswith("stalled")
    assert "ETA" not in head


@pytest.mark.parametrize(
    ("state", "shown"),
    [(JobState.FAILED, True), (JobState.INCOMPLETE, True), (JobState.COMPLETED, False)],
)
def test_an_incomplete_job_shows_its_message(state: JobState, shown: bool) -> None:
    lines = block(of(job(state=state, message="441 posting failed", current=b"")))
    assert ("  441 posting failed" in lines) is shown


def test_a_finished_job_shows_its_duration() -> None:
    assert block(of(job(state=JobState.COMPLETED)))[0].endswith("done in 2h30m")


BACKED_UP = snapshot(12, state=SnapshotState.COMPLETE, errors=0)
HEAD = "✓ photos  v12  2026-11-24 12:00"


def errand(**changes: object) -> FolderStatus:
    """A folder with a backup, and one errand after it."""
    uploaded = job(state=JobState.COMPLETED, current=b"", errors=0)
    one = job(id=7, **{"verb": Verb.RESTORE, "target": b"/mnt/back", **changes})
    return FolderStatus(folder(1, "photos"), BACKED_UP, one, uploaded, one)


def test_the_row_is_the_backup_and_an_errand_has_its_line() -> None:
    head, figures, line = block(errand())
    assert head.startswith(HEAD)
    assert head.endswith("done")
    assert figures == "  3,008,000 files  2.21 TB  usenet·sealed"
    assert line == "  ▲ restore version 12  55%  84.2 MB/s → /mnt/back"


@pytest.mark.parametrize("state", JobState)
def test_no_errand_takes_the_place_of_the_backup(state: JobState) -> None:
    each = errand(state=state, message="/mnt/back: no such folder", errors=37)
    for width in (34, 50, 78):
        head, figures, line, *_ = block(each, width)
        assert head.startswith("✓ photos  v12  ")
        assert "37" not in head + figures
        assert line.startswith("  ") and "rest" in line
        assert ("no such folder" in "".join(block(each, width))) is (
            state is not JobState.COMPLETED
        )


def test_an_errand_is_forgotten_after_the_next_upload() -> None:
    each = errand(state=JobState.FAILED, message="no")
    later = dataclasses.replace(each, backup=job(id=8, state=JobState.COMPLETED, errors=0))
    assert len(block(later)) == 2
    running_on = dataclasses.replace(
        later, errand=job(id=7, verb=Verb.RESTORE, target=b"/mnt/back")
    )
    assert block(running_on)[2].startswith("  ▲ restore")


def test_a_stalled_errand_says_so() -> None:
    assert "! restore version 12  55%  stalled" in block(errand(), stalled=frozenset({7}))[2]


def test_while_an_upload_runs_the_last_version_stays_in_sight() -> None:
    lines = block(of_folder(job(), snapshot(11)))
    assert lines[-1] == "  last v11 · 2026-11-23 12:00 · done"


def test_a_failed_upload_is_the_state_of_the_backup() -> None:
    failed = job(state=JobState.FAILED, message="441 posting failed", current=b"")
    head, _, message, last = block(of_folder(failed, snapshot(11)))
    assert head.startswith("! photos")
    assert message == "  441 posting failed"
    assert last.startswith("  last v11")


def test_the_last_check_is_the_health_of_the_backup() -> None:
    check = LastCheck(NOON, True, 30, 12_000, 0, 0, 0)
    sound = FolderStatus(folder(1, "a"), BACKED_UP, check=check)
    assert block(sound)[-1] == "  ✓ verified 2026-11-24: 12,000 articles (1 in 30)"
    torn = dataclasses.replace(sound, check=dataclasses.replace(check, missing=3, damaged=1))
    assert block(torn)[-1] == "  ! 4 of 12,000 articles lost · 2026-11-24"


def test_further_jobs_of_a_folder_stand_under_it() -> None:
    upload = job()
    restore = job(id=7, verb=Verb.RESTORE, state=JobState.QUEUED, version=3, target=b"/mnt/b")
    other = job(id=8, folder_id=5, verb=Verb.VERIFY)
    (lines,) = folder_blocks([of(upload)], 80, others=(upload, restore, other))
    assert [text(line) for line in lines][3:] == ["  · restore version 3  queued → /mnt/b"]


def test_an_idle_folder_shows_its_newest_version() -> None:
    resting = FolderStatus(folder(1, "a"), snapshot(3, state=SnapshotState.COMPLETE, errors=0))
    head, figures = block(resting)
    assert head.startswith("✓ a      v3  2026-11-15 12:00")
    assert head.endswith("done")
    assert "2,927,000 files" in figures
    assert "v3" in block(resting, 34)[0]
    torn = dataclasses.replace(resting, latest=snapshot(5))
    assert block(torn)[0].endswith("incomplete")
    assert "! 3 errors" in block(torn)[1]


def test_a_new_folder_has_nothing_yet() -> None:
    head, figures = block(FolderStatus(folder(1, "new")))
    assert head.startswith("· new     –")
    assert figures == "  not backed up yet  usenet·sealed"


def test_progress_is_of_bytes_then_of_files_then_unknown() -> None:
    assert fraction(job(total_bytes=10, done_bytes=4)) == 0.4
    assert fraction(job(total_bytes=0, total_files=4, done_files=1)) == 0.25
    nothing = {"total_bytes": 0, "total_files": 0, "done_files": 0}
    assert fraction(job(**nothing, scanned=False)) is None
    assert fraction(job(**nothing, scanned=True)) == 1.0


def test_without_folders_the_key_is_named() -> None:
    (line,) = no_folder_lines(EngineStatus(EngineState.IDLE), 60)
    assert text(line) == "No folders yet. Press a to add one."
    (line,) = no_folder_lines(EngineStatus(EngineState.STARTING), 60)
    assert text(line) == "Opening the catalogue…"
    (line,) = no_folder_lines(EngineStatus(EngineState.IDLE, read_only=True), 60)
    assert "Press" not in text(line)


def test_a_job_without_progress_stalls() -> None:
    stalls = StallDetector()
    at_rest = running()
    assert stalls.update(at_rest, 100.0) == frozenset()
    assert stalls.update(at_rest, 100.0 + STALLED_AFTER - 0.1) == frozenset()
    assert stalls.update(at_rest, 100.0 + STALLED_AFTER) == frozenset({1})
    moved = running(jobs=(job(done_bytes=1_212_200_000_001),))
    assert stalls.update(moved, 116.0) == frozenset()
    assert stalls.update(moved, 116.0 + STALLED_AFTER) == frozenset({1})


def test_a_paused_or_scanning_job_does_not_stall() -> None:
    stalls = StallDetector()
    paused = running(jobs=(job(state=JobState.PAUSED),))
    for now in (0.0, 20.0, 40.0):
        assert stalls.update(paused, now) == frozenset()
        walking = running(jobs=(job(id=3, scanned=False, entries=int(now)),))
        assert stalls.update(walking, now) == frozenset()


def test_a_job_known_only_by_its_folder_stalls_too() -> None:
    stalls = StallDetector()
    alone = running(jobs=(), folders=folders_of(job(id=4)))
    stalls.update(alone, 0.0)
    assert stalls.update(alone, STALLED_AFTER) == frozenset({4})
