"""Why `cat` prints nothing of a path: one sentence, for the catalogue and for a recovery string."""

from __future__ import annotations

from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import KIND_WORDS


def no_content(path: bytes, kind: FileKind, link: bytes | None) -> str:
    """Why there is nothing to print of a path that is no file."""
    if kind is FileKind.SYMLINK:
        return f'"{safe_name(path)}" is a link to "{safe_name(link or b"")}".'
    return f'"{safe_name(path)}" is a {KIND_WORDS[kind]}: it has no content.'
