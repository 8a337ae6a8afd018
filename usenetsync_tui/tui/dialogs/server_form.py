"""The form for a Usenet server: typed, tested, saved. It never shows the password."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, Static

from usenetsync_tui.model.commands.servers import TestServer
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.tasks import Trial
from usenetsync_tui.tui.dialogs.server_fields import (
    FAMILY_PICKS,
    MORE_FIELDS,
    NEW,
    ROLE_PICKS,
    TLS_PICKS,
    VERIFY_PICKS,
    TypedServer,
    read_server,
    usual_port,
)
from usenetsync_tui.tui.dialogs.server_test_lines import trial_lines
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.options import OptionRow, Options, Pick, Ticks

_UNTESTED = "Untested; it can be saved."
_CHANGED = "Changed since the test."
_READ_ONLY = "Read-only: another usenetsync runs the jobs, nothing can be tested from here."
_MORE = (
    Pick("no", "no", "Roles, priority, certificate, addresses and proxy: the defaults."),
    Pick("yes", "yes", "Roles, priority, certificate, addresses and proxy below."),
)


class ServerForm(Form[Server]):
    """Dismissed with the server to save, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "test", "test", id="server.test", tooltip="from its name to an article"),
    ]

    def __init__(self, server: Server | None = None, *, taken: Collection[str] = ()) -> None:
        """`server`: initial values of the fields. `taken`: the names of the other servers."""
        super().__init__("Add a server" if server is None else f"Server {server.name}")
        self._server = server or NEW
        self._taken = taken
        self._tested: Server | None = None
        self._earlier: Trial | None = None
        """The engine's latest trial before this form asked for one; the form does not show it."""
        self._status: EngineStatus | None = None

    def fields(self) -> ComposeResult:
        server = self._server
        yield Field("Name", line_input("name", server.name), hint="What you call it.")
        host = line_input("host", server.host, placeholder="news.example.com")
        yield Field("Host", host, hint="As the provider names it.")
        yield Field("TLS", Options(TLS_PICKS, server.tls, id="tls"))
        port = line_input("port", str(server.port or ""), placeholder=str(usual_port(server.tls)))
        yield Field("Port", port, hint="Empty: the usual one.")
        yield Field("Username", line_input("username", server.username))
        password = line_input("password", server.password, secret=True)
        yield Field(
            "Password", password, hint="Kept in the settings file, which only you can read."
        )
        connections = line_input("connections", str(server.connections))
        yield Field("Connections", connections, hint="As many as the account allows, or fewer.")
        yield Field("More", Options(_MORE, "no", id="more"))
        yield Field("Used to", Ticks(ROLE_PICKS, server.roles, id="roles"), more=True)
        priority = line_input("priority", str(server.priority))
        hint = "0 is used first; servers with higher numbers when those fail."
        yield Field("Priority", priority, hint=hint, more=True)
        verify = Options(VERIFY_PICKS, "yes" if server.verify_tls else "no", id="verify")
        yield Field("Certificate", verify, more=True)
        ca_file = line_input("ca_file", server.ca_file or "", placeholder="the system's")
        hint = "A PEM file with the certificate authority of a private server."
        yield Field("CA file", ca_file, hint=hint, more=True)
        yield from self._network_fields(server)

    def _network_fields(self, server: Server) -> ComposeResult:
        family = Options(FAMILY_PICKS, server.address_family, id="address_family")
        yield Field("Addresses", family, more=True)
        proxy = line_input("proxy", server.proxy, placeholder="none; or socks5://host:1080")
        hint = "A SOCKS5 proxy, which looks the host's name up itself."
        yield Field("Proxy", proxy, hint=hint, more=True)
        username = line_input("proxy_username", server.proxy_username)
        yield Field("Proxy user", username, hint="Empty: the proxy needs no login.", more=True)
        password = line_input("proxy_password", server.proxy_password, secret=True)
        hint = "Kept in the settings file, which only you can read."
        yield Field("Its password", password, hint=hint, more=True)

    def buttons(self) -> ComposeResult:
        yield Button("Test", id="test", compact=True)
        yield Button("Save", id="accept", compact=True)
        yield Static(_UNTESTED, markup=False, id="trial-note")

    def after(self) -> ComposeResult:
        yield LinesView(self._compose_trial, id="trial")

    def on_mount(self) -> None:
        """Keep the focus out of the test's lines, and hide them until a test runs."""
        view = self.query_one("#trial", LinesView)
        view.can_focus = False
        view.display = False

    def typed(self) -> TypedServer:
        """The current answers."""
        return TypedServer(
            name=self.text("name"),
            host=self.text("host"),
            port=self.text("port"),
            tls=self.choice("tls"),
            username=self.text("username"),
            password=self.secret("password"),
            connections=self.text("connections"),
            roles=self.ticked("roles"),
            priority=self.text("priority"),
            verify=self.choice("verify"),
            ca_file=self.text("ca_file"),
            address_family=self.choice("address_family"),
            proxy=self.text("proxy"),
            proxy_username=self.text("proxy_username"),
            proxy_password=self.secret("proxy_password"),
        )

    def judged(self) -> Server | None:
        """The typed server; None after showing what is wrong with the answers."""
        found = read_server(self.typed(), self._taken)
        if isinstance(found, Server):
            self.complain({})
            return found
        if found.keys() & MORE_FIELDS:
            self.query_one("#more", Options).offer(_MORE, "yes")
            self.set_class(True, "with-more")
        self.call_after_refresh(self.complain, found)
        return None

    def accept(self) -> None:
        server = self.judged()
        if server is not None:
            self.end(server)

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Show or hide the extra fields, the default port, and whether the test is outdated."""
        self.set_class(self.choice("more") == "yes", "with-more")
        self.query_one("#port", Input).placeholder = str(usual_port(self.choice("tls")))
        self._note()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._note()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "test":
            self.action_test()

    def action_test(self) -> None:
        """Ask the engine to test the typed server."""
        server = self.judged()
        if server is None:
            return
        self._tested = server
        self._earlier = self._status.trial if self._status is not None else None
        self.post_message(CommandRequest(TestServer(server)))
        self.query_one("#trial").display = True
        self.set_class(True, "trying")
        self.query_one("#accept").focus()
        self._note()
        if self._status is not None:
            self.show(self._status)

    def show(self, status: EngineStatus) -> None:
        """Show the progress of the test."""
        self._status = status
        view = self.query_one("#trial", LinesView)
        if self._tested is None:
            return
        before = view.virtual_size.height
        view.show(status)
        height = len(self._compose_trial(status, view.size.width or 70, 0))
        if height != before or view.styles.height is None:
            view.styles.height = height
            self.call_after_refresh(view.scroll_visible, animate=False)

    def _compose_trial(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        if status.read_only:
            return (((_READ_ONLY, "warn"),),)
        trial, tested = status.trial, self._tested
        if trial is None or tested is None or trial == self._earlier:
            return trial_lines(None, width)
        return trial_lines(trial if trial.server == tested.name else None, width)

    def _note(self) -> None:
        if self._tested is None:
            words = _UNTESTED
        else:
            words = "" if read_server(self.typed(), self._taken) == self._tested else _CHANGED
        self.query_one("#trial-note", Static).update(Content(words))
