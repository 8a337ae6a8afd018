"""Text on the clipboard, pasted into a real shell."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tui_fakes import HOSTILE

from usenetsync_tui.tui.kit.paste_safe import copyable


def test_a_printable_name_is_copied_unchanged() -> None:
    assert copyable(b"/srv/my photos/a'b.jpg") == "/srv/my photos/a'b.jpg"
    assert copyable("写真/夏.jpg".encode()) == "写真/夏.jpg"


@pytest.mark.parametrize("path", [*HOSTILE, b"it's\n\\x", b"", b"\xff$(reboot)`x`"])
def test_a_shell_reads_an_unprintable_name(path: bytes) -> None:
    words = copyable(path)
    assert words.isprintable()
    if words.startswith("$'"):
        out = subprocess.run(["bash", "-c", f"printf %s {words}"], capture_output=True, check=True)
        assert out.stdout == path


@given(st.binary(max_size=40))
@settings(max_examples=500)
def test_anything_prints(path: bytes) -> None:
    assert copyable(path).isprintable()
