"""The loader of SQL files is strict."""

from __future__ import annotations

import pytest

from usenetsync_tui.postgres.queries import load_queries, parse_queries

GOOD = """\
-- first
-- Says one.
SELECT 1;

-- second_one
-- Says two,
-- over two lines.
SELECT 2  -- not a name
-- plain words
FROM
-- word
pg_class;
"""


def test_reads_names_and_statements() -> None:
    queries = parse_queries(GOOD, source="good.sql")
    assert list(queries) == ["first", "second_one"]
    assert queries["first"] == "SELECT 1;"
    assert queries["second_one"].startswith("SELECT 2") and "-- word" in queries["second_one"]


def test_the_error_for_an_unknown_name_names_the_file() -> None:
    with pytest.raises(KeyError, match=r"good\.sql has no query named third"):
        parse_queries(GOOD, source="good.sql")["third"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "\n-- first\n-- Again.\nSELECT 3;\n", "first comes twice"),
        ("-- lonely\nSELECT 1;\n", "does not say what it is for"),
        ("-- lonely\n--\nSELECT 1;\n", "does not say what it is for"),
        ("-- empty\n-- For nothing.\n", "does not end with a semicolon"),
        ("-- open\n-- Forgot its end.\nSELECT 1\n", "does not end with a semicolon"),
        ("SELECT 1;\n", "text before the first query"),
        ("-- A comment about the file.\n", "text before the first query"),
        ("", "no query"),
    ],
)
def test_refuses_incomplete_files(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_queries(text, source="bad.sql")


def test_constants_are_put_in_once_and_unknown_ones_refused() -> None:
    text = "-- first\n-- Says {few.more}.\nSELECT {few.one}, {later} WHERE 3 IN {few.more};\n"
    constants = {"few.one": "1", "few.more": "(2, 3)"}
    queries = parse_queries(text, source="good.sql", constants=constants)
    assert queries["first"] == "SELECT 1, {later} WHERE 3 IN (2, 3);"
    with pytest.raises(ValueError, match=r"good\.sql: the query first names \{few\.one\}: unknown"):
        parse_queries(text, source="good.sql")


def test_loads_from_a_package() -> None:
    assert "take" in load_queries("usenetsync_tui.postgres", "lock.sql")
    with pytest.raises(ValueError, match="no package"):
        load_queries(None, "lock.sql")
