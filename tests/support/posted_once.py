"""The catalogue's ledger beside what a scripted news server has."""

from __future__ import annotations

from acceptance_command import Command
from scripted_server import ScriptedServer

_POSTED = "SELECT message_id FROM segments WHERE status IN (2, 3)"
_OPEN = "SELECT message_id, status FROM segments WHERE status NOT IN (2, 3, 6)"
# A new base of the index may repeat pages of the one before (kind 2).
_TWICE = """
    SELECT encode(hash, 'hex'), redundancy,
        array_agg(row(object_id, segment_index, status, message_id) ORDER BY object_id)::text
    FROM segments JOIN objects ON objects.id = object_id
    WHERE status <> 6 AND kind <> 2
    GROUP BY segments.realm_id, hash, redundancy HAVING count(DISTINCT message_id) > 1"""


def assert_posted_once(command: Command, news: ScriptedServer) -> None:
    """Each article of the ledger is on the server, once, and no other; no content has two names."""
    assert command.query(_OPEN) == []
    twice = command.query(_TWICE)
    assert not twice, twice
    assert len(command.query(_POSTED)) == len(news.articles)
    assert len(news.posted) == len(set(news.posted)) == len(news.articles)
