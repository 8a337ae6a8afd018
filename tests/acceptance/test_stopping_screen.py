"""`q`, SIGINT, SIGTERM and SIGHUP on the screen, on a real terminal, in each of its waits.

It ends within two seconds (the tests allow four) and leaves the terminal as it was. The tests try
some pairs of wait and ending, all of them with `--every-stop`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from acceptance_command import Command
from scripted_server import Fault
from stopping_ground import (
    HUP,
    INT,
    KEYS,
    SIGNALS,
    TERM,
    Ending,
    Kept,
    Screen,
    assert_screen_stops,
    frozen,
    held_by_another,
    refused_port,
    started_by_another,
)


def endings(request: pytest.FixtureRequest, sample: Ending, *, asks: bool) -> list[Ending]:
    """The ways to end it; `asks`: while a job runs, `q` asks how."""
    keys = [key for key in KEYS if asks is (key != "q")]
    return [*SIGNALS, *keys] if request.config.getoption("--every-stop") else [sample]


def test_a_server_that_is_away(kept: Kept, request: pytest.FixtureRequest) -> None:
    kept.add_file()
    kept.settings(port=refused_port())
    every = endings(request, "q, drain", asks=True)
    assert_screen_stops(kept.command, kept.tree, b"Connection refused", *every)


def test_a_server_that_says_nothing(kept: Kept, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--every-stop"):
        pytest.skip("the sample has a server that is away")
    kept.settings()
    for word in ("POST", "STAT", "BODY"):
        kept.server.script(Fault(word, silent=True, times=200))
    try:
        for ending in endings(request, TERM, asks=True):
            kept.add_file()
            assert_screen_stops(kept.command, kept.tree, b"no answer yet, for", ending)
    finally:
        kept.server.forget()


def test_the_schedule_of_checks(kept: Kept, request: pytest.FixtureRequest) -> None:
    kept.settings(check_delays=[600.0])
    for ending in endings(request, "q, at once", asks=True):
        kept.add_file()
        assert_screen_stops(kept.command, kept.tree, b"checking ", ending)


def test_another_program_has_the_catalogue(kept: Kept, request: pytest.FixtureRequest) -> None:
    kept.settings()
    with held_by_another(kept.command.server.url()):
        for ending in endings(request, INT, asks=False):
            assert_screen_stops(kept.command, kept.tree, b"another usenetsync (pid 5628)", ending)


def test_the_start_of_the_database(kept: Kept, home: Path, request: pytest.FixtureRequest) -> None:
    with started_by_another(home):
        for ending in endings(request, HUP, asks=False):
            words = b"starting or stopping the database"
            assert_screen_stops(Command(home), kept.tree, words, ending)


def test_a_database_that_is_silent(kept: Kept, request: pytest.FixtureRequest) -> None:
    kept.settings(check_delays=[600.0])
    for ending in endings(request, TERM, asks=True):
        kept.add_file()
        with Screen(kept.command, kept.tree, b"database: no answer yet") as screen:
            screen.until_said(b"checking ")
            with frozen(kept.command):
                screen.ends(ending)
