"""A `:` line is parsed, or refused with a sentence; no text breaks the parser."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.commands.jobs import SetWorkers
from usenetsync_tui.model.commands.servers import (
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
)
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.keep_rules import KeepPolicy, KeepRules, TimeSpan
from usenetsync_tui.tui.commands.command_parser import completions, parse, path_begin
from usenetsync_tui.tui.commands.command_specs import COMMAND_SPECS
from usenetsync_tui.tui.commands.parsed_commands import (
    AddPath,
    BackUpTo,
    ChangeKeyTo,
    CommandError,
    ForgetVersions,
    GoToPane,
    GoToRow,
    GoToShare,
    KeepBy,
    KnownNames,
    MoveTo,
    ParsedCommand,
    Prioritise,
    PutBack,
    RestoreChosen,
    RunSimple,
    SetFilter,
    SimpleCommand,
    SortBy,
    TagWith,
    UploadChosen,
    UseTheme,
    VerifyChosen,
    WriteNzb,
)
from usenetsync_tui.tui.kit.speed_words import MOST, speed_typed

KNOWN = KnownNames(
    ("eweka", "block"), ("usenetsync-dark", "nord"), ("folders", "files"), b"/home/me"
)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (":goto 73%", GoToShare(0.73)),
        ("goto 0.5%", GoToShare(0.005)),
        ("goto 412,877", GoToRow(412_877)),
        ("goto 1", GoToRow(1)),
        ("filter Urlaub  日本", SetFilter("Urlaub  日本")),
        ("filter", SetFilter("")),
        ("sort size", SortBy(FileOrder.SIZE)),
        ("add /srv/My Photos", AddPath(b"/srv/My Photos")),
        ("add --as-new /srv/My Photos", AddPath(b"/srv/My Photos", as_new=True)),
        ("move /srv/My Photos", MoveTo(b"/srv/My Photos")),
        ("move", MoveTo(b"")),
        ("add ~/pictures", AddPath(b"/home/me/pictures")),
        (r"add /srv/caf\xe9", AddPath(b"/srv/caf\xe9")),
        ("add", AddPath(b"")),
        ("forget", ForgetVersions(())),
        ("forget 3 1, 5-7", ForgetVersions((1, 3, 5, 6, 7))),
        ("keep", KeepBy(None)),
        ("keep --off", KeepBy(KeepPolicy(is_own=True))),
        ("keep --default", KeepBy(KeepPolicy())),
        (
            "keep --keep-daily 7 --keep-within=30d --keep-tag 'a b'",
            KeepBy(KeepPolicy(KeepRules(daily=7, within=TimeSpan(days=30), tags=("a b",)), True)),
        ),
        ("tag release, best one", TagWith(("release", "best one"))),
        ("tag --remove", TagWith((), remove=True)),
        ("protect", RunSimple(SimpleCommand.PROTECT)),
        ("priority high", Prioritise(Priority.HIGH)),
        ("upload", UploadChosen(False)),
        ("upload --allow-shrink", UploadChosen(True)),
        ("verify", VerifyChosen(False)),
        ("verify --body", VerifyChosen(True)),
        ("verify --sample 1/30", VerifyChosen(True, 30)),
        ("restore /mnt/back up --version 12", RestoreChosen(b"/mnt/back up", 12)),
        ("restore --version 12 /mnt/b", RestoreChosen(b"/mnt/b", 12)),
        ("restore /mnt/b", RestoreChosen(b"/mnt/b", None)),
        ("restore", RestoreChosen(b"", None)),
        (
            "restore --delete --exclude *.o /mnt/a b --exclude=c --overwrite if-newer",
            RestoreChosen(
                b"/mnt/a b", None, RestoreChoices((b"*.o", b"c"), Overwrite.IF_NEWER, delete=True)
            ),
        ),
        (
            "restore /mnt/b --numeric-ids",
            RestoreChosen(b"/mnt/b", None, RestoreChoices(numeric_ids=True)),
        ),
        ("restore --in-place", RestoreChosen(b"", None, in_place=True)),
        ("nzb /tmp/a.nzb", WriteNzb(b"/tmp/a.nzb")),
        ("nzb --each-subfolder /tmp/my nzbs", WriteNzb(b"/tmp/my nzbs", each_subfolder=True)),
        ("nzb --each-subfolder", WriteNzb(b"", each_subfolder=True)),
        ("nzb", WriteNzb(b"")),
        ("key-change /tmp/a key", ChangeKeyTo(b"/tmp/a key")),
        ("key-change --passphrase-file /tmp/p", ChangeKeyTo(b"/tmp/p", is_passphrase=True)),
        ("key-change", ChangeKeyTo(b"")),
        ("db-backup --with-articles /tmp/b", BackUpTo(b"/tmp/b", with_articles=True)),
        ("db-backup /tmp/b", BackUpTo(b"/tmp/b")),
        ("db-restore /tmp/b", PutBack(b"/tmp/b")),
        ("doctor", Examine()),
        ("doc --post", Examine(post=True)),
        ("doctor  --quick   --post", Examine(post=True, sums=False)),
        ("workers 4", SetWorkers(4)),
        ("connections eweka 20", SetConnections("eweka", 20)),
        ("limit 25M", LimitBandwidth(25_000_000)),
        ("limit 200 Mbit/s", LimitBandwidth(25_000_000)),
        ("limit 200 Mbit/s block", LimitBandwidth(25_000_000, "block")),
        ("limit 0 eweka", LimitBandwidth(0, "eweka")),
        ("fetch-limit 25M", LimitFetching(25_000_000)),
        ("fetch-limit 200 Mbit/s block", LimitFetching(25_000_000, "block")),
        ("pause-server eweka", PauseServer("eweka")),
        ("resume-server block", ResumeServer("block")),
        ("theme nord", UseTheme("nord")),
        ("pane files", GoToPane("files")),
        ("quit", RunSimple(SimpleCommand.QUIT)),
        ("q", RunSimple(SimpleCommand.QUIT)),
        ("  :  pause-all ", RunSimple(SimpleCommand.PAUSE_ALL)),
    ],
)
def test_valid_lines(line: str, meant: ParsedCommand) -> None:
    assert parse(line, KNOWN) == meant


@pytest.mark.parametrize("word", list(SimpleCommand))
def test_every_word_is_a_command(word: SimpleCommand) -> None:
    assert parse(word, KNOWN) == RunSimple(word)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "Type a command"),
        ("x", "no command x"),
        ("re", "Did you mean restore, resume-server, resume, resume-all, retry?"),
        ("goto", "Type a row"),
        ("goto 101%", "0% to 100%"),
        ("goto 0", "row number from 1"),
        ("goto 1,2", "Type a row"),
        ("sort name", "no order name. Orders: path, size."),
        ("add photos", "begins with / or ~"),
        (r"add /a\x00b", "NUL"),
        ("priority 1", "Priorities: critical, high"),
        ("upload --force", "--allow-shrink"),
        ("verify all", "--body"),
        ("verify --sample 30", "1/30"),
        ("verify --sample 1/1", "1/2 to 1/1000"),
        ("restore --verison 3", "restore TARGET"),
        ("restore /mnt/b --version 0", "start at 1"),
        ("restore /mnt/b --overwrite all", "always, if-changed, if-newer, never"),
        ("restore /mnt/b --in-place", "or restore --in-place"),
        ("nzb --each /tmp", "nzb --each-subfolder FOLDER"),
        ("key-change --phrase /tmp/p", "key-change --passphrase-file FILE"),
        ("key-change key", "begins with / or ~"),
        ("db-backup --all /tmp/b", "db-backup --with-articles FILE"),
        ("db-restore --replace /tmp/b", "it asks before"),
        ("nzb --each-subfolder tmp", "begins with / or ~"),
        ("doctor --fast", "--quick, which skips"),
        ("workers 33", "from 1 to 32"),
        ("workers ٣", "from 1 to 32"),
        ("connections nobody 3", "no server nobody. Servers: eweka, block."),
        ("connections eweka", "from 1 to 200"),
        ("limit fast", "such as 25M"),
        ("limit 25M nobody", "no server nobody"),
        ("limit 25", "type 25M"),
        ("theme", "Which theme? Themes: usenetsync-dark, nord."),
        ("forget 3-1", "no range"),
        ("forget all", "such as 3, 5-8"),
        ("keep --daily 7", "Type rules such as --keep-daily 7"),
        ("keep --keep-days 7", "no rule --keep-days. Rules: --keep-last"),
        ("keep --keep-daily", "--keep-daily needs a value"),
        ("keep --keep-daily x", "Type a number up to 1,000,000"),
        ("keep 'x", "No closing quotation"),
        ("tag a\x1b", "no tag"),
        ("pause all", "pause takes no arguments."),
    ],
)
def test_refused_with_a_sentence(line: str, said: str) -> None:
    with pytest.raises(CommandError) as refused:
        parse(line, KNOWN)
    assert said in str(refused.value)


def test_a_required_name_without_any_candidates() -> None:
    with pytest.raises(CommandError, match="There is no server yet"):
        parse("pause-server eweka", KnownNames())


_LINES = st.one_of(
    st.text(),
    st.builds("{} {}".format, st.sampled_from(sorted(COMMAND_SPECS)), st.text()),
    st.builds(
        "{} {}".format,
        st.sampled_from(sorted(COMMAND_SPECS)),
        st.lists(
            st.sampled_from(
                ["--version", "9", "-1", "%", "eweka", "/", "~", "\\x", "1e9", "²", "\0"]
            )
        ).map(" ".join),
    ),
)


@given(_LINES)
@example("goto " + "9" * 5000)
@example("restore --version " + "9" * 5000)
@example("limit " + "9" * 5000 + "G")
@example("add \ud800")
def test_nothing_typed_breaks_it(line: str) -> None:
    try:
        parse(line, KNOWN)
    except CommandError as refused:
        assert refused.sentence
        assert safe_name(refused.sentence) == refused.sentence
        assert len(refused.sentence) < 300


@given(_LINES)
def test_completions_continue_the_typed_text(line: str) -> None:
    for found in completions(line, KNOWN):
        assert found.startswith(line)


def test_completions() -> None:
    assert completions("pau", KNOWN) == ("pause-server ", "pause", "pause-all")
    assert completions("theme n", KNOWN) == ("theme nord",)
    assert completions("connections ", KNOWN) == ("connections eweka", "connections block")
    assert completions("pane f", KNOWN) == ("pane folders", "pane files")
    assert completions("nothing of it", KNOWN) == ()
    assert len(completions("", KNOWN)) == len(COMMAND_SPECS)


@pytest.mark.parametrize(
    ("typed", "speed"),
    [
        ("25M", 25_000_000),
        ("25 MB/s", 25_000_000),
        ("25mb", 25_000_000),
        ("200 Mbit/s", 25_000_000),
        ("200Mbps", 25_000_000),
        ("1.5G", 1_500_000_000),
        ("1,5 G", 1_500_000_000),
        ("10 MiB/s", 10 << 20),
        ("800k", 800_000),
        ("0", 0),
        ("0 MB/s", 0),
        ("off", 0),
        ("5000000", 5_000_000),
    ],
)
def test_speeds(typed: str, speed: int) -> None:
    assert speed_typed(typed) == speed


@pytest.mark.parametrize(
    "typed", ["", "fast", "-1M", "25", "25 X", "1e9", "9999999G", "٣M", "1.2.3M"]
)
def test_no_speeds(typed: str) -> None:
    assert isinstance(speed_typed(typed), str)


@given(st.text())
def test_any_text_is_a_speed_or_a_sentence(text: str) -> None:
    found = speed_typed(text)
    assert found if isinstance(found, str) else 0 <= found <= MOST


def test_an_option_and_the_path_behind_it_are_completed() -> None:
    assert completions("nzb --e", KNOWN) == ("nzb --each-subfolder ",)
    assert completions("doctor --q", KNOWN) == ("doctor --quick",)
    assert path_begin("nzb --e") is None
    assert path_begin("nzb --each-subfolder /a b") == len("nzb --each-subfolder ")
    assert path_begin("nzb /a b") == len("nzb ")
