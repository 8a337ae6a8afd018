"""NNTP without I/O: lines, replies, and the order of commands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.codec.lines import MAX_CAPABILITIES, MAX_LINE, Lines, MultiLine
from usenetsync_tui.codec.nntp import (
    MAX_COMMAND,
    RULES,
    Conversation,
    NntpCommand,
    Reply,
    State,
    command_line,
    parse_capabilities,
    parse_reply,
)
from usenetsync_tui.errors import OutOfStepError, ProtocolError

COMMANDS = [verb for verb in NntpCommand if verb not in (NntpCommand.GREETING, NntpCommand.ARTICLE)]


def greeted(*lines: bytes) -> Conversation:
    """A conversation after greeting and login, ready for any command."""
    talk = Conversation()
    talk.receive(b"200 hello")
    talk.command(NntpCommand.MODE_READER)
    talk.receive(b"200 reader")
    for line in lines:
        talk.receive(line)
    return talk


@pytest.mark.parametrize(
    ("verb", "argument", "line"),
    [
        (NntpCommand.CAPABILITIES, "", b"CAPABILITIES\r\n"),
        (NntpCommand.MODE_READER, "", b"MODE READER\r\n"),
        (NntpCommand.AUTHINFO_USER, "bob", b"AUTHINFO USER bob\r\n"),
        (NntpCommand.AUTHINFO_PASS, "pa ss", b"AUTHINFO PASS pa ss\r\n"),
        (NntpCommand.AUTHINFO_PASS, "ends with ", b"AUTHINFO PASS ends with \r\n"),
        (NntpCommand.STAT, "a@b", b"STAT <a@b>\r\n"),
        (NntpCommand.BODY, "a@b", b"BODY <a@b>\r\n"),
        (NntpCommand.POST, "", b"POST\r\n"),
    ],
)
def test_commands(verb: NntpCommand, argument: str, line: bytes) -> None:
    assert command_line(verb, argument) == line


@given(verb=st.sampled_from(COMMANDS), argument=st.text(max_size=600))
def test_no_argument_breaks_out_of_its_line(verb: NntpCommand, argument: str) -> None:
    try:
        line = command_line(verb, argument)
    except ValueError as error:
        assert len(argument) < 5 or argument not in str(error)
        return
    assert len(line) <= MAX_COMMAND
    assert line.endswith(b"\r\n")
    assert not set(line[:-2]) & set(b"\r\n\0")


@pytest.mark.parametrize("argument", ["a\r\nPOST", "a\nb", "a\rb", "a\0b", "x" * 500, "\ud800"])
def test_invalid_commands_are_refused(argument: str) -> None:
    with pytest.raises(ValueError, match="AUTHINFO PASS") as caught:
        command_line(NntpCommand.AUTHINFO_PASS, argument)
    assert argument not in str(caught.value)


@pytest.mark.parametrize("argument", ["", "a b", "<a@b>", "é@b", "x" * 249, "a@b>"])
def test_invalid_message_ids(argument: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        command_line(NntpCommand.STAT, argument)


def test_the_longest_command_fits() -> None:
    longest = MAX_COMMAND - len(b"AUTHINFO PASS \r\n")
    assert len(command_line(NntpCommand.AUTHINFO_PASS, "x" * longest)) == MAX_COMMAND
    with pytest.raises(ValueError, match="512"):
        command_line(NntpCommand.AUTHINFO_PASS, "x" * (longest + 1))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 hello", Reply(200, "hello")),
        (b"223", Reply(223, "")),
        (b"223 ", Reply(223, "")),
        (b"430\tno such", Reply(430, "no such")),
        (b"441 bad \xff\x07", Reply(441, "bad \\xff\\x07")),
        ("200 Grüße".encode(), Reply(200, "Grüße")),
        (b"400 \x1b[31mred", Reply(400, "\\x1b[31mred")),
    ],
)
def test_replies(line: bytes, reply: Reply) -> None:
    assert parse_reply(line) == reply


@pytest.mark.parametrize("line", [b"", b"2", b"22", b"hello", b"2000", b"099 x", b"600", b"2a0 x"])
def test_invalid_replies_are_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_reply(line)


@given(st.binary(max_size=300))
def test_any_line_is_a_reply_or_refused(line: bytes) -> None:
    try:
        reply = parse_reply(line)
    except ProtocolError as error:
        assert str(error).isprintable()
        return
    assert 100 <= reply.code <= 599
    assert reply.text.isprintable()


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"").rstrip(b"\r"))),
    cut=st.integers(1, 7),
)
def test_lines_are_read_whatever_the_chunks(lines: list[bytes], cut: int) -> None:
    data = b"".join(line + b"\r\n" for line in lines) + b"rest"
    reader, found = Lines(), []
    for start in range(0, len(data), cut):
        reader.feed(data[start : start + cut])
        while (line := reader.line()) is not None:
            found.append(line)
    assert found == lines
    assert reader.rest() == b"rest"
    assert len(reader) == 0


def test_a_lone_line_feed_ends_a_line_too() -> None:
    reader = Lines()
    reader.feed(b"200 a\n201 b\r\n")
    assert [reader.line(), reader.line(), reader.line()] == [b"200 a", b"201 b", None]


def test_a_line_without_end_is_refused() -> None:
    reader = Lines()
    reader.feed(b"2" * (MAX_LINE - 1))
    assert reader.line() is None
    reader.feed(b"2" * 10 + b"\r\n")
    with pytest.raises(ProtocolError, match="longer"):
        reader.line()


def test_capabilities() -> None:
    answer = MultiLine()
    for line in (b"VERSION 2", b"authinfo USER", b"..dot", b"", b"POST", b"."):
        assert not answer.done
        answer.add(line)
    assert answer.done
    assert parse_capabilities(answer.lines) == {
        "VERSION": ("2",),
        "AUTHINFO": ("USER",),
        ".DOT": (),
        "POST": (),
    }


def test_capabilities_without_end_are_refused() -> None:
    answer = MultiLine()
    with pytest.raises(ProtocolError, match="no end"):
        for _ in range(MAX_CAPABILITIES + 1):
            answer.add(b"X")


def test_a_whole_session() -> None:
    talk = Conversation()
    assert (talk.state, talk.due) == (State.CONNECTED, 1)
    assert talk.receive(b"201 no posting") == Reply(201, "no posting")
    assert (talk.state, talk.posting_allowed) == (State.GREETED, False)
    talk.command(NntpCommand.CAPABILITIES)
    talk.receive(b"500 what?")
    assert talk.state is State.GREETED
    talk.command(NntpCommand.STARTTLS)
    talk.receive(b"382 go on")
    assert talk.state is State.SECURING
    talk.secured()
    talk.command(NntpCommand.MODE_READER)
    talk.receive(b"200 posting allowed")
    assert (talk.state, talk.posting_allowed) == (State.READY, True)
    talk.command(NntpCommand.AUTHINFO_USER, "bob")
    talk.receive(b"381 more")
    assert talk.state is State.PASSWORD
    talk.command(NntpCommand.AUTHINFO_PASS, "secret")
    talk.receive(b"281 in")
    talk.command(NntpCommand.POST)
    talk.receive(b"340 send")
    assert talk.state is State.POSTING
    talk.article()
    talk.receive(b"240 taken")
    assert (talk.state, talk.due) == (State.READY, 0)
    talk.command(NntpCommand.QUIT)
    talk.receive(b"205 bye")
    assert talk.state is State.CLOSED


@pytest.mark.parametrize("line", [b"400 busy", b"502 go away", b"500 what"])
def test_a_greeting_that_refuses(line: bytes) -> None:
    talk = Conversation()
    talk.receive(line)
    assert talk.state is State.CLOSED


@pytest.mark.parametrize("line", [b"401 MODE-READER", b"440 no", b"480 log in", b"500"])
def test_a_refused_post_leaves_the_session_ready(line: bytes) -> None:
    talk = greeted()
    talk.command(NntpCommand.POST)
    talk.receive(line)
    assert talk.state is State.READY
    with pytest.raises(ValueError, match="article"):
        talk.article()


@pytest.mark.parametrize(
    "verb", [NntpCommand.STAT, NntpCommand.DATE, NntpCommand.POST, NntpCommand.CAPABILITIES]
)
def test_400_ends_nothing_by_itself(verb: NntpCommand) -> None:
    talk = greeted()
    talk.command(verb, "a@b" if verb is NntpCommand.STAT else "")
    talk.receive(b"400 going down")
    assert talk.state is State.READY
    talk.command(NntpCommand.STAT, "a@b")


def test_questions_travel_together_and_are_answered_in_order() -> None:
    talk = greeted()
    for number in range(5):
        talk.command(NntpCommand.STAT, f"{number}@x")
    talk.command(NntpCommand.BODY, "5@x")
    assert talk.due == 6
    with pytest.raises(ValueError, match="answered"):
        talk.command(NntpCommand.POST)
    for _ in range(6):
        talk.receive(b"430 no")
    talk.command(NntpCommand.POST)
    with pytest.raises(ValueError, match="answered"):
        talk.command(NntpCommand.STAT, "a@b")


class Watched(deque[tuple[NntpCommand, str]]):
    """Calls a hook, once, when somebody looks whether an answer is due."""

    hook: Callable[[], None] | None = None

    def __len__(self) -> int:
        count = super().__len__()
        hook, self.hook = self.hook, None
        if hook is not None:
            hook()
        return count


@pytest.mark.parametrize(
    ("verb", "line"),
    [(NntpCommand.BODY, b"222 0 <a@b>"), (NntpCommand.STAT, b"430 no"), (NntpCommand.DATE, b"111")],
)
def test_one_thread_asks_while_another_takes_the_answers(verb: NntpCommand, line: bytes) -> None:
    """The last answer that is due is taken just when the next question is asked."""
    conversation = greeted()
    argument = "" if verb is NntpCommand.DATE else "a@b"
    conversation.command(verb, argument)
    conversation._due = due = Watched(conversation._due)
    with ThreadPoolExecutor(1) as pool:
        answers = []

        def take() -> None:
            answers.append(pool.submit(conversation.receive, line))
            wait(answers, 0.05)  # not longer: it may have to wait until the question is asked

        due.hook = take
        conversation.command(verb, argument)
        assert answers[0].result(10).code == int(line[:3])
    assert conversation.due == 1


def test_an_unexpected_reply() -> None:
    talk = greeted()
    with pytest.raises(ProtocolError, match="unexpected reply"):
        talk.receive(b"200 again")
    assert talk.state is State.CLOSED


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        (NntpCommand.STAT, b"222 0 <a@b>"),
        (NntpCommand.STAT, b"111 20260101000000"),
        (NntpCommand.BODY, b"223 0 <a@b>"),
        (NntpCommand.DATE, b"223 0 <a@b>"),
        (NntpCommand.POST, b"240 Article received"),
    ],
)
def test_the_answer_to_another_question(verb: NntpCommand, line: bytes) -> None:
    talk = greeted()
    talk.command(verb, "a@b" if verb in (NntpCommand.STAT, NntpCommand.BODY) else "")
    with pytest.raises(ProtocolError, match=verb.value):
        talk.receive(line)
    assert talk.state is State.CLOSED


def test_capabilities_from_before_the_login_are_forgotten() -> None:
    talk = greeted()
    talk.capabilities = {"POST": ()}
    talk.command(NntpCommand.AUTHINFO_USER, "bob")
    talk.receive(b"281 in")
    assert talk.capabilities is None


def test_secured_only_after_starttls() -> None:
    with pytest.raises(ValueError, match="STARTTLS"):
        greeted().secured()


def test_every_rule_covers_every_reply() -> None:
    assert all(0 in leads for leads in RULES.values())


@given(data=st.data())
def test_no_sequence_leads_out_of_the_table(data: st.DataObject) -> None:
    talk = Conversation()
    for _ in range(data.draw(st.integers(0, 30))):
        if data.draw(st.booleans()):
            code = data.draw(st.sampled_from([101, 200, 201, 240, 281, 340, 381, 382, 400, 480]))
            due = talk.due
            try:
                talk.receive(b"%d x" % code)
            except ProtocolError:
                assert talk.state is State.CLOSED
                return
            assert due > 0
            assert talk.due == due - 1
        else:
            verb = data.draw(st.sampled_from(COMMANDS))
            before = (talk.state, talk.due)
            try:
                talk.command(verb, "a@b")
            except ValueError:
                assert (talk.state, talk.due) == before
            else:
                assert (before[0], verb) in RULES


@pytest.mark.parametrize(
    "line",
    [
        b"223 0 <other@x>",
        b"223 7 <other@x> retrieved",
        b"223 <other@x>",
        b"223 0 other@x",
        b"223 0 <>  <other@x>",
    ],
)
@pytest.mark.parametrize("verb", [NntpCommand.STAT, NntpCommand.BODY])
def test_an_answer_that_names_another_article(verb: NntpCommand, line: bytes) -> None:
    talk = greeted()
    talk.command(verb, "a@b")
    with pytest.raises(OutOfStepError, match="other@x"):
        talk.receive(line if verb is NntpCommand.STAT else b"222" + line[3:])
    assert talk.state is State.CLOSED


@pytest.mark.parametrize(
    "line",
    [b"223", b"223 0", b"223 0 0", b"223 0 <a@b>", b"223 12 <a@b> status", b"223 0 a@b",
     b"223 <a@b>", b"223 article exists", b"223 0 <x@y> is <a@b>"],
)  # fmt: skip
@pytest.mark.parametrize("verb", [NntpCommand.STAT, NntpCommand.BODY])
def test_an_answer_that_names_the_article_or_none(verb: NntpCommand, line: bytes) -> None:
    talk = greeted()
    talk.command(verb, "a@b")
    code = 223 if verb is NntpCommand.STAT else 222
    assert talk.receive(b"%d" % code + line[3:]).code == code
    assert talk.state is State.READY


@pytest.mark.parametrize("line", [b"430 no", b"423 no", b"420", b"451 taken down", b"441 no"])
def test_an_articles_answer_to_date_is_out_of_step(line: bytes) -> None:
    talk = greeted()
    talk.command(NntpCommand.DATE)
    with pytest.raises(OutOfStepError, match="DATE"):
        talk.receive(line)


@pytest.mark.parametrize("line", [b"500 what", b"502 no", b"480 log in", b"111 20260101000000"])
def test_a_server_need_not_know_date(line: bytes) -> None:
    talk = greeted()
    talk.command(NntpCommand.DATE)
    talk.receive(line)
    assert talk.state is State.READY


def test_400_to_one_of_several_is_about_that_one() -> None:
    talk = greeted()
    for number in range(3):
        talk.command(NntpCommand.STAT, f"{number}@x")
    talk.receive(b"400 about this one")
    assert talk.state is State.READY
    talk.receive(b"430 no")
    talk.receive(b"223 0 <2@x>")
    assert talk.state is State.READY
    with pytest.raises(ProtocolError, match="unexpected reply"):
        talk.receive(b"223 0 <2@x>")


@pytest.mark.parametrize("line", [b"400 idle timeout", b"502 bye", b"503 timeout"])
def test_a_goodbye_may_come_without_a_command(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="unexpected reply") as caught:
        greeted(line)
    assert not isinstance(caught.value, OutOfStepError)
