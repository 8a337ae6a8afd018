"""The table "What a response means", a row per test, with replies of real servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.codec.answers import ConversationStage, Meaning, adopted_id, meaning
from usenetsync_tui.codec.masking import mask_of
from usenetsync_tui.codec.nntp import Reply, parse_reply


def means(
    line: str, stage: ConversationStage = ConversationStage.LOGIN, *, may_have_arrived: bool = False
) -> Meaning:
    return meaning(parse_reply(line.encode()), stage=stage, may_have_arrived=may_have_arrived)


@pytest.mark.parametrize(
    ("line", "stage"),
    [
        ("200 Welcome", ConversationStage.GREETING),
        ("201 No posting", ConversationStage.GREETING),
        ("281 Ok", ConversationStage.LOGIN),
        ("381 Password", ConversationStage.LOGIN),
        ("340 Send", ConversationStage.OFFER),
        ("240 Article received <a@b>", ConversationStage.ARTICLE),
        ("223", ConversationStage.LOOKUP),
        ("222 0 <a@b>", ConversationStage.LOOKUP),
        ("111 20260101000000", ConversationStage.LOOKUP),
    ],
)
def test_accepted(line: str, stage: ConversationStage) -> None:
    assert means(line, stage) is Meaning.ACCEPTED


@pytest.mark.parametrize(
    "line",
    [
        "502 Too many connections",
        "482 Too many connections for your user (nntpswitch)",
        "502 Your per-user connection limit reached",
        "502 connection limit (100) reached",
        "481 max number of simultaneous connections reached",
        "400 too many threads",
        "502 Authentication rejected: too many connections",
    ],
)
@pytest.mark.parametrize("stage", [ConversationStage.GREETING, ConversationStage.LOGIN])
def test_too_many_connections(line: str, stage: ConversationStage) -> None:
    assert means(line, stage) is Meaning.TOO_MANY_CONNECTIONS


@pytest.mark.parametrize(
    "line",
    [
        "482 Too many simultaneous IP addresses",
        "502 Simultaneous use of this account",
        "481 Multiple IP addresses in use",
        "502 too many connections from multiple IP addresses",
    ],
)
def test_in_use_elsewhere(line: str) -> None:
    assert means(line) is Meaning.IN_USE_ELSEWHERE


@pytest.mark.parametrize(
    "line",
    [
        "481 Authentication failed",
        "482 Invalid username or password",
        "452 Authorization rejected",
        "502 Authentication Failed",
        "502 Access denied",
        "500 Wrong password",
        "481",
    ],
)
def test_credentials(line: str) -> None:
    assert means(line) is Meaning.CREDENTIALS


@pytest.mark.parametrize(
    "line",
    [
        "502 No credit left",
        "502 Payment required",
        "502 Your account has expired",
        "481 Account expired",
        "482 Download limit exceeded",
        "502 Byte limit exceeded",
    ],
)
def test_account(line: str) -> None:
    assert means(line) is Meaning.ACCOUNT


@pytest.mark.parametrize(
    "line",
    [
        "400 Service temporarily unavailable",
        "400 idle timeout",
        "500 Max connect time exceeded",
        "503 Timeout after 180 seconds, closing connection.",
    ],
)
@pytest.mark.parametrize(
    "stage", [ConversationStage.GREETING, ConversationStage.OFFER, ConversationStage.LOOKUP]
)
def test_session_over(line: str, stage: ConversationStage) -> None:
    assert means(line, stage) is Meaning.SESSION_OVER


DUPLICATES = [
    "441 435 Duplicate",
    "441 posting failed: duplicate message-id",
    "441 Article already exists",
    "441 Message-ID is not unique",
    "435 Duplicate",
]


@pytest.mark.parametrize("line", DUPLICATES)
def test_a_duplicate_of_an_unsettled_send_has_arrived(line: str) -> None:
    assert means(line, ConversationStage.ARTICLE, may_have_arrived=True) is Meaning.ARRIVED


@pytest.mark.parametrize("line", DUPLICATES)
def test_a_duplicate_on_a_first_send_is_a_collision(line: str) -> None:
    assert means(line, ConversationStage.ARTICLE) is Meaning.COLLISION


@pytest.mark.parametrize(
    "line",
    [
        "441 437 Too old -- 2020-01-01",
        "441 Article posted in the future",
        "437 Too old",
        '441 Can\'t parse "Date" header field body',
    ],
)
def test_date(line: str) -> None:
    assert means(line, ConversationStage.ARTICLE) is Meaning.DATE


@pytest.mark.parametrize(
    "line",
    [
        "441 Line 12 too long",
        "441 Article is bigger than local limit of 1000000 bytes",
        "441 437 Too big",
        "441 Article too large",
        "441 Article exceeds maximum size",
    ],
)
def test_too_large(line: str) -> None:
    assert means(line, ConversationStage.ARTICLE) is Meaning.TOO_LARGE


@pytest.mark.parametrize(
    "line",
    [
        "441 437 Unwanted newsgroup alt.x",
        "441 No such group",
        '441 437 Unapproved for "alt.moderated"',
        "441 Group is moderated",
        '441 Postings to "alt.closed" are not allowed here.',
    ],
)
def test_configuration(line: str) -> None:
    assert means(line, ConversationStage.ARTICLE) is Meaning.CONFIGURATION


@pytest.mark.parametrize("stage", list(ConversationStage))
def test_encryption_required_is_configuration(stage: ConversationStage) -> None:
    assert means("483 Encryption required", stage) is Meaning.CONFIGURATION


@pytest.mark.parametrize(
    "line", ["440 Too busy", "440 Slow down", "441 Retry later", "436 Retry", "440"]
)
@pytest.mark.parametrize("stage", [ConversationStage.OFFER, ConversationStage.ARTICLE])
def test_rate(line: str, stage: ConversationStage) -> None:
    assert means(line, stage) is Meaning.RATE


@pytest.mark.parametrize("line", ["440 Posting not allowed", "440 posting not permitted here"])
def test_forbidden(line: str) -> None:
    assert means(line, ConversationStage.OFFER) is Meaning.FORBIDDEN


@pytest.mark.parametrize("line", ["441 Posting failed", "441", "439 no", "437 Article rejected"])
def test_other_refusals(line: str) -> None:
    assert means(line, ConversationStage.ARTICLE) is Meaning.REFUSED


@pytest.mark.parametrize(
    "line", ["430 No such article", "423 none", "430", "420 none", "451 Removed on request"]
)
def test_missing(line: str) -> None:
    assert means(line, ConversationStage.LOOKUP) is Meaning.MISSING


@pytest.mark.parametrize(
    "line",
    [
        "500 What?",
        "412 No group selected",
        "503 Overview broken",
        "403 Internal fault",
        "499 ?",
        "421 No next article",
        "452 451",
    ],
)
def test_an_error_is_not_missing(line: str) -> None:
    assert means(line, ConversationStage.LOOKUP) not in (Meaning.ACCEPTED, Meaning.MISSING)


@pytest.mark.parametrize("stage", list(ConversationStage))
def test_login_needed(stage: ConversationStage) -> None:
    assert means("480 Authentication required", stage) is Meaning.LOGIN_NEEDED


@given(
    code=st.integers(100, 599),
    text=st.text(max_size=80),
    stage=st.sampled_from(ConversationStage),
    may_have_arrived=st.booleans(),
)
def test_everything_means_something(
    code: int, text: str, stage: ConversationStage, may_have_arrived: bool
) -> None:
    found = meaning(Reply(code, text), stage=stage, may_have_arrived=may_have_arrived)
    if stage is ConversationStage.ARTICLE:
        assert (found is Meaning.ACCEPTED) == (code == 240)  # no other reply is ever "posted"
        assert may_have_arrived or found is not Meaning.ARRIVED
    if found is Meaning.MISSING:
        assert code in (420, 423, 430, 451)


@pytest.mark.parametrize(
    ("line", "adopted"),
    [
        ("240 Article received <a@b>", None),
        ("240 Article received <c@d>", "c@d"),
        ("240 <c@d> instead of <a@b>", None),
        ("240 Article received", None),
        ("240 <not an id>", None),
        ("240 <nonsense>", None),
        ("240 <c@d@e>", None),
        ("441 435 Duplicate <c@d>", None),
        (f"240 <{'c' * 300}@d>", None),
    ],
)
def test_adopted_ids(line: str, adopted: str | None) -> None:
    assert adopted_id(parse_reply(line.encode()), "a@b") == adopted


def test_a_masked_reply_has_the_meaning_of_the_original() -> None:
    mask = mask_of("bob", "connections")
    reply = parse_reply(b"502 Too many connections", mask)
    assert str(reply) == "502 Too many ***"
    assert meaning(reply, stage=ConversationStage.LOGIN) is Meaning.TOO_MANY_CONNECTIONS


def test_a_name_that_contains_a_secret_is_not_adopted() -> None:
    mask = mask_of("bob", "hunter2")
    assert adopted_id(parse_reply(b"240 <hunter2@x> taken", mask), "a@b") is None
    assert adopted_id(parse_reply(b"240 <c@d> taken for hunter2", mask), "a@b") == "c@d"
