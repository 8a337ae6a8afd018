"""No statement writes states or kinds as numbers: `.sql` files name them.

Migrations are excepted: they never change after their release.
"""

from __future__ import annotations

import re
from importlib.resources import files as resources
from importlib.resources.abc import Traversable

import pytest

from usenetsync_tui.model.jobs import JobState

_COLUMN = r"(?:\w+\.)?\"?(?:status|state|kind|states|kinds|statuses)\"?\)?(?:::\w+)?"
_COMPARED = (
    r"(?:<>|!=|<=|>=|=|<|>|NOT\s+IN\b|IN\b|NOT\s+BETWEEN\b|BETWEEN\b"
    r"|IS\s+(?:NOT\s+)?DISTINCT\s+FROM\b)\s*(?:(?:ANY|ALL|SOME)\b)?"
)
_NUMBER = r"[\s('\[{]*(?:ARRAY\s*\[)?\s*-?\d"
_BARE = [
    # status = 2, s.status NOT IN (2, 3), state = ANY('{0,1}'), status BETWEEN 2 AND 3
    rf"\b{_COLUMN}\s*{_COMPARED}{_NUMBER}",
    # 2 = s.status
    rf"\b\d+\s*(?:<>|!=|<=|>=|=|<|>)\s*\(?{_COLUMN}(?!\w)",
    # CASE s.status WHEN 2
    rf"\bCASE\s+{_COLUMN}\s+WHEN\s+\d",
    # SET status = CASE WHEN … THEN 4 ELSE 5 END
    rf"\b{_COLUMN}\s*=\s*CASE\b[^;]*?\b(?:THEN|ELSE)\s+\d[^;]*?\bEND\b",
    # max(kind) <> 1
    rf"\(\s*{_COLUMN}\s*\)?\s*{_COMPARED}{_NUMBER}",
    # (object_id, status) = (7, 2) and any list of numbers: nothing but states comes in lists
    r"\bIN\s*\(\s*-?\d",
    rf"'(?:{'|'.join(JobState)})'",
]


def bare_states(sql: str) -> list[str]:
    """States written as numbers, or job states written as words, in some SQL without comments."""
    code = re.sub(r"--[^\n]*", "", sql)
    return [found[0] for rule in _BARE for found in re.finditer(rule, code, re.IGNORECASE)]


def sql_files(at: Traversable) -> list[Traversable]:
    """All `.sql` files of the program except the migrations."""
    found = []
    for one in at.iterdir():
        if one.is_dir() and one.name != "migrations":
            found += sql_files(one)
        elif one.name.endswith(".sql"):
            found.append(one)
    return found


def test_no_statement_has_a_state_by_its_number() -> None:
    sources = sql_files(resources("usenetsync_tui"))
    assert len(sources) > 20, "nothing was looked at"
    bare = {source.name: bare_states(source.read_text(encoding="utf-8")) for source in sources}
    assert {name: found for name, found in bare.items() if found} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE segments SET status = 4 WHERE id = %(id)s;",
        "SELECT FROM segments s WHERE s.status IN (2, 3);",
        "SELECT FROM segments WHERE status not in (2,3,\n6);",
        "SELECT FROM segments WHERE status<>6;",
        "SELECT FROM segments WHERE status = ANY('{2,3}');",
        "SELECT FROM segments WHERE status = ANY (ARRAY[2, 3]);",
        "SELECT FROM segments WHERE status BETWEEN 2 AND 3;",
        "SELECT FROM segments WHERE status >= 4;",
        "SELECT FROM segments WHERE 2 = s.status;",
        "SELECT FROM segments WHERE s.status IS DISTINCT FROM 6;",
        "SELECT CASE s.status WHEN 2 THEN 'there' END FROM segments s;",
        "UPDATE files SET state = CASE WHEN size > 0 THEN 0 ELSE 1 END;",
        "SELECT FROM files GROUP BY path_key HAVING max(kind) <> 1;",
        "SELECT FROM segments WHERE status::int = 2;",
        "SELECT FROM jobs WHERE state IN ('queued', 'paused');",
        "INSERT INTO jobs (state) VALUES ('queued');",
        "SELECT FROM segments WHERE s.status\n      IN (SELECT 1) OR s.status NOT\n IN (4);",
    ],
)
def test_a_state_by_its_number_is_found(sql: str) -> None:
    assert bare_states(sql)


def test_what_is_no_state_is_left_alone() -> None:
    assert not bare_states("-- status = 2\nSELECT 2, size = 0 FROM files WHERE n %% 3 = 0;")
    assert not bare_states("UPDATE jobs SET state = %(state)s, tries = 2 WHERE kind = {a.b};")
