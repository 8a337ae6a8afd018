"""A server typed, tested and saved; the settings accept every server that the form accepts."""

from __future__ import annotations

import dataclasses

import pytest
from dialog_ground import dialog_shown, picture, typed
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.cells import cell_len
from textual.widgets import Input

from usenetsync_tui.model.commands.servers import AddServer, TestServer
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.servers import AddressFamily, Role, Server, Tls
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.tasks import Trial, TrialStep
from usenetsync_tui.settings.server import ServerSettings
from usenetsync_tui.tui.dialogs.server_fields import TypedServer, read_server
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.dialogs.server_test_lines import trial_lines
from usenetsync_tui.tui.kit.inks import width_of
from usenetsync_tui.tui.kit.secret_input import SecretInput

GOOD = TypedServer(
    name="eweka",
    host="news.eweka.nl",
    port="",
    tls="implicit",
    username="joe",
    password="hunter2",
    connections="20",
    roles=frozenset({"post", "fetch"}),
    priority="1",
    verify="yes",
    ca_file="",
)
IDLE = EngineStatus(EngineState.IDLE)
pytest_anyio = pytest.mark.anyio
FILLED = ("main", "<tab>", "h.example", *["<tab>"] * 3, "joe", "<tab>", "hunter2", "<tab>")
_STEPS = (
    TrialStep("resolve", True, 0.012, "192.0.2.1"),
    TrialStep("tls", None, 0.1, "certificate NOT verified"),
    TrialStep("login", False, 0.2, "Login refused: 481 \x1b[31mno. Check username and password."),
)


def status(*steps: TrialStep, over: bool = False, server: str = "main") -> EngineStatus:
    return dataclasses.replace(IDLE, trial=Trial(server, steps, over))


def test_the_typed_fields_are_the_server() -> None:
    assert read_server(GOOD) == Server(
        "eweka",
        "news.eweka.nl",
        563,
        username="joe",
        password="hunter2",
        connections=20,
        roles=frozenset({Role.POST, Role.FETCH}),
        priority=1,
    )


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("name", "", "Give it a name"),
        ("name", "my server", "At most 40 letters"),
        ("name", "block", "A server with this name exists."),
        ("host", "", "Type the host's name"),
        ("host", "nntps://news.example.com", "without nntps://"),
        ("host", "news.example.com:563", "own field"),
        ("host", "news example", "neither spaces"),
        ("port", "70000", "From 1 to 65535."),
        ("port", "x", "Type a number"),
        ("connections", "201", "From 1 to 200."),
        ("priority", "-1", "Type a number"),
        ("username", "", "A password needs a username."),
        ("password", "a\x1bb", "control character"),
        ("ca_file", "ca.pem", "begins with /"),
        ("proxy", "http://proxy:8080", "other kinds of proxy are not supported"),
        ("proxy", "proxy:1080", 'Write it as "socks5://host:1080"'),
        ("proxy", "socks5://me:geheim@proxy", "into proxy_username and proxy_password"),
        ("proxy", "socks5://proxy:0", "A port is a number from 1 to 65535."),
        ("proxy", "socks5://proxy/x", "without a path"),
        ("proxy", "socks5://[::1", "Write an IPv6 address as"),
    ],
)
def test_each_error_is_shown_under_its_field(field: str, text: str, said: str) -> None:
    found = read_server(dataclasses.replace(GOOD, **{field: text}), taken=("block",))
    assert not isinstance(found, Server)
    assert list(found) == [field]
    assert said in found[field]


@pytest.mark.parametrize("proxy", ["http://p", "p:1080", "socks5://a@p", "socks5://p:x", "x"])
def test_a_proxy_is_refused_with_the_settings_own_words(proxy: str) -> None:
    found = read_server(dataclasses.replace(GOOD, proxy=proxy))
    assert not isinstance(found, Server)
    with pytest.raises(ValidationError) as refused:
        ServerSettings(name="a", host="h", proxy=proxy)
    said = refused.value.errors()[0]["msg"].removeprefix("Value error, ")
    assert found == {"proxy": f"{said[:1].upper()}{said[1:]}."}


def test_a_proxy_login_needs_a_proxy_and_a_username() -> None:
    login = dataclasses.replace(GOOD, proxy_username="joe", proxy_password=Secret("x"))
    assert read_server(login) == {"proxy": "A proxy login needs a proxy."}
    nameless = dataclasses.replace(GOOD, proxy="socks5://p", proxy_password=Secret("x"))
    assert read_server(nameless) == {"proxy_username": "A password needs a username."}


def test_a_server_without_a_role_is_refused() -> None:
    found = read_server(dataclasses.replace(GOOD, roles=frozenset()))
    assert found == {"roles": "Tick at least one."}


def test_an_address_of_ipv6_is_a_host() -> None:
    assert isinstance(read_server(dataclasses.replace(GOOD, host="2001:db8::1")), Server)


_PROXIES = st.one_of(
    st.just(""),
    st.text(max_size=20),
    st.builds("socks5://{}:{}".format, st.text(max_size=9), st.integers(0, 70_000)),
)
_TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["a", "7", "119", "h.example"]))


@given(
    st.builds(
        TypedServer,
        name=_TEXTS,
        host=_TEXTS,
        port=_TEXTS,
        tls=st.sampled_from(list(Tls)),
        username=_TEXTS,
        password=_TEXTS,
        connections=_TEXTS,
        roles=st.frozensets(st.sampled_from(list(Role))),
        priority=_TEXTS,
        verify=st.sampled_from(["yes", "no"]),
        ca_file=_TEXTS,
        address_family=st.sampled_from(list(AddressFamily)),
        proxy=_PROXIES,
        proxy_username=_TEXTS,
        proxy_password=_TEXTS,
    )
)
def test_the_settings_accept_what_the_form_accepts(typed_in: TypedServer) -> None:
    found = read_server(typed_in)
    if isinstance(found, Server):
        again = ServerSettings(**dataclasses.asdict(found)).server({})
        assert again == found
    else:
        assert found
        assert all(found.values())


def test_the_password_is_in_no_repr() -> None:
    server = read_server(dataclasses.replace(GOOD, password=Secret("hunter2")))
    assert isinstance(server, Server)
    typed_in = dataclasses.replace(GOOD, password=Secret("hunter2"))
    for held in (
        *(GOOD, typed_in, server, TestServer(server), AddServer(server), [server], {1: server}),
        *(dataclasses.asdict(server), dataclasses.asdict(typed_in), server.password),
    ):
        assert "hunter2" not in repr(held)
    given = Server("main", "h.example", 563, password="hunter2")
    assert isinstance(given.password, Secret), "whatever it was given as"


@pytest_anyio
async def test_a_typed_password_is_a_secret_from_the_first_key_on() -> None:
    seen: list[object] = []
    async with dialog_shown(ServerForm()) as (pilot, app):
        field = app.screen.query_one("#password", SecretInput)

        def watch(value: str) -> None:
            seen.append(value)

        app.screen.watch(field, "value", watch, init=False)
        await typed(pilot, *FILLED)
        form = app.screen
        assert isinstance(form, ServerForm)
        assert isinstance(form.typed().password, Secret)
        assert form.typed().password == "hunter2"
        for held in (form.typed(), vars(field), Input.Changed(field, field.value)):
            assert "hunter2" not in repr(held)
    assert len(seen) == 7 and all(isinstance(value, Secret) for value in seen)


@given(st.text(), st.text(), st.integers(30, 120))
def test_lines_of_a_trial_fit(name: str, detail: str, width: int) -> None:
    step = TrialStep(name, False, 1.5, detail)
    for line in trial_lines(Trial("x", (step,)), width):
        assert width_of(line) <= max(width, 60)
        assert all(cell_len(text) == len(text.encode()) or text for text, _ in line)


@pytest_anyio
async def test_a_server_is_typed_and_saved_untested() -> None:
    async with dialog_shown(ServerForm()) as (pilot, app):
        assert "Untested" in picture(app)
        await typed(pilot, *FILLED, "12", "<enter>", "<enter>", "<tab>")
        assert "hunter2" not in picture(app)
        assert "•••••••" in picture(app)
        await typed(pilot, "<enter>")
    assert app.answers == [
        Server("main", "h.example", 563, username="joe", password="hunter2", connections=12)
    ]
    assert app.wanted == []


@pytest_anyio
async def test_the_fields_under_more() -> None:
    async with dialog_shown(ServerForm(), (80, 30)) as (pilot, app):
        await typed(pilot, *FILLED, "<tab>")
        assert "CA file" not in picture(app)
        await typed(pilot, "<right>", "<tab>", "<space>", "<tab>", "2", "<tab>", "<right>")
        assert "CERTIFICATE NOT VERIFIED" in picture(app)
        await typed(pilot, "<tab>", "/ca.pem", "<enter>", "<right>", "<enter>")
        await typed(pilot, "socks5://[::1]:9050", "<enter>", "pat", "<enter>", "geheim", "<enter>")
        assert "geheim" not in picture(app)
        await typed(pilot, "<tab>", "<enter>")
    (server,) = app.answers
    assert server is not None
    assert server.address_family is AddressFamily.IPV4
    assert (server.proxy, server.proxy_username) == ("socks5://[::1]:9050", "pat")
    assert server.proxy_password == "geheim" and "geheim" not in repr(server)
    assert server.roles == {Role.VERIFY, Role.FETCH}
    assert (server.priority, server.verify_tls, server.ca_file) == (2, False, "/ca.pem")


@pytest_anyio
async def test_without_tls_it_warns_and_the_port_is_another() -> None:
    async with dialog_shown(ServerForm()) as (pilot, app):
        await typed(pilot, "main", "<tab>", "h.example", "<tab>", "<right>", "<right>")
        assert "NOT ENCRYPTED" in picture(app)
        assert "119" in picture(app)
        await typed(pilot, *["<shift+tab>"] * 3, "<enter>")
    assert app.answers == [Server("main", "h.example", 119, tls=Tls.NONE)]


@pytest_anyio
async def test_complaints_go_to_their_fields_even_under_more() -> None:
    taken = Server("main", "h.example", 563, priority=3)
    async with dialog_shown(ServerForm(taken, taken=("main",)), (80, 30)) as (pilot, app):
        await typed(pilot, "<shift+tab>", "<enter>")
        assert "! A server with this name exists." in picture(app)
        assert app.focused is app.screen.query_one("#name")
        await typed(pilot, "x", *["<tab>"] * 7, "<right>", "<tab>", "<tab>", "y", "<up>", "<up>")
        await typed(pilot, "<left>", "<shift+tab>", *["<shift+tab>"] * 7, "<enter>")
        assert "! Type a number from 0 to 1000." in picture(app)
        assert app.focused is app.screen.query_one("#priority")
    assert app.answers == []


@pytest_anyio
async def test_a_test_shows_its_steps_as_they_come() -> None:
    form = ServerForm()
    async with dialog_shown(form) as (pilot, app):
        form.show(status(*_STEPS, over=True))  # an earlier test, of a server with the same name
        await typed(pilot, *FILLED, "<ctrl+t>")
        wanted = Server("main", "h.example", 563, username="joe", password="hunter2")
        assert app.wanted == [TestServer(wanted)]
        assert "waiting for the test" in picture(app)
        assert "resolve" not in picture(app)
        form.show(status(_STEPS[0]))
        await pilot.pause()
        assert "✓ resolve" in picture(app)
        assert "12 ms" in picture(app)
        assert "… trying" in picture(app)
        form.show(status(*_STEPS, over=True, server="main"))
        form.show(status(*_STEPS, TrialStep("x", True, 0.0, ""), over=True))
        await pilot.pause()
        seen = picture(app)
        assert "! login" in seen
        assert "· tls" in seen
        assert "\x1b" not in seen
        assert "It does not work" in seen
        await typed(pilot, "<enter>")  # Save has the focus
    assert app.answers == [wanted]


@pytest_anyio
async def test_changes_after_a_test_are_untested() -> None:
    form = ServerForm()
    async with dialog_shown(form) as (pilot, app):
        form.show(IDLE)
        await typed(pilot, *FILLED, "<ctrl+t>")
        form.show(status(_STEPS[0], over=True))
        await pilot.pause()
        assert "It works" in picture(app)
        await typed(pilot, *["<shift+tab>"] * 3, "9")
        assert "Changed since the test." in picture(app)


@pytest_anyio
async def test_read_only_says_so() -> None:
    form = ServerForm()
    async with dialog_shown(form) as (pilot, app):
        form.show(dataclasses.replace(IDLE, read_only=True))
        await typed(pilot, *FILLED, "<ctrl+t>")
        assert "Read-only" in picture(app)
