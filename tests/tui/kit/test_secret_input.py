"""Nothing makes a `Secret` of typed text but a `SecretInput`, whatever the form."""

from __future__ import annotations

import ast
from pathlib import Path

import usenetsync_tui.tui

_ROOM = Path(usenetsync_tui.tui.__path__[0])
_MAKERS = {"kit/form.py", "kit/secret_input.py"}
"""`Form.secret` reads only a `SecretInput`, and a command takes nothing but a `Secret`."""


def _makes_secrets(path: Path) -> bool:
    """Whether a module wraps a text that it does not have written down itself."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id == "Secret"
        and not all(isinstance(each, ast.Constant) for each in call.args)
        for call in calls
    )


def test_only_a_hidden_field_makes_secrets() -> None:
    makers = {p.relative_to(_ROOM).as_posix() for p in _ROOM.rglob("*.py") if _makes_secrets(p)}
    assert makers == _MAKERS
