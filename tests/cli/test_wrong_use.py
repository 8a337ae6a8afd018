"""Wrong use: a sentence for people and, with `--json`, an object like every other error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import InProcess

_KEYS = ["event", "kind", "message", "path"]
WRONG = {
    "no such verb": ("uplaod", "."),
    "no such verb of a verb": ("db", "strat"),
    "before the verb": ("folders-of", "x"),
    "no such option": ("upload", "--profil", "plain", "."),
    "no such word": ("upload", "--profile", "sealde", "."),
    "no number": ("files", "tree", "--version", "two"),
    "out of range": ("upload", "--copies", "11", "."),
    "nothing given": ("upload",),
    "too much given": ("folders", "tree"),
    "no value": ("verify", "tree", "--wait"),
    "empty": ("restore", "tree", ""),
    "a folder as a file": ("nzb", "tree", "-o", "/tmp"),
    "checked by the verb": ("upload", "--newsgroups", "no group", "."),
    "checked by the verb, again": ("upload", "--poster", "nobody\n", "."),
    "an unknown shell": ("completion", "tcsh"),
    "not UTF-8": ("upl\udcff",),
    "settings": ("nzb", "tree"),
}


def test_an_object_where_scripts_ask_for_it(run: InProcess) -> None:
    for name, line in WRONG.items():
        plain = run(*line, expect=2)
        assert plain.out == "" and plain.err.count("\n") >= 1, name
        for words in ((*line, "--json"), ("--json", *line), (*line[:1], "--json", *line[1:])):
            if words[-2] == "--wait":
                continue  # here it is the value of the option
            ended = run(*words, expect=2)
            (error,) = ended.events
            assert list(error) == _KEYS, name
            assert (error["event"], error["kind"]) == ("error", "UsageError"), name
            assert error["message"].strip() and "Usage:" not in error["message"], name
            assert ended.err == "", name


def test_the_message_is_the_sentence(run: InProcess) -> None:
    sentence = 'There is no verb "uplaod". Did you mean "upload"?'
    assert sentence in run("uplaod", expect=2).err
    (error,) = run("uplaod", "--json", expect=2).events
    assert error["message"] == sentence


def test_a_path_of_that_name_is_no_option(run: InProcess) -> None:
    assert run("folders", "--", "--json", expect=2).out == ""
    (error,) = run("folders", "--json=yes", expect=2).events
    assert "does not take a value" in error["message"]


def test_json_before_the_verb_of_a_verb_counts_for_it(run: InProcess) -> None:
    (error,) = run("servers", "--json", "test", expect=2).events
    assert (error["event"], error["kind"]) == ("error", "UsageError")
    (error,) = run("servers", "--json", "test", "--jsn", expect=2).events
    assert "--jsn" in error["message"]


@pytest.mark.parametrize("closed", [False, True])
def test_a_process_ends_with_2_also_where_it_cannot_speak(tmp_path: Path, closed: bool) -> None:
    command = [sys.executable, "-m", "usenetsync_tui", "upload", "--json"]
    ended = subprocess.run(
        command if not closed else ["sh", "-c", '"$@" >&-', "sh", *command],
        env={**os.environ, "USENETSYNC_HOME": str(tmp_path)},
        capture_output=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (2, b"")
    assert ended.stdout.startswith(b'{"event": "error"') is not closed
    assert list(tmp_path.iterdir()) == []
