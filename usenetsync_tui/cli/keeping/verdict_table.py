"""Which versions are kept, and by which rule, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.model.versions.kept_versions import KeepVerdict

_COLUMNS = (Column("Version", right=True), Column(""), Column("Kept by", least=8))


def say_verdicts(verdicts: Sequence[KeepVerdict]) -> None:
    """Print them, oldest version first."""
    voices.say_table(_COLUMNS, [_line(verdict) for verdict in reversed(verdicts)])


def _line(verdict: KeepVerdict) -> Sequence[str]:
    word = "✓ kept" if verdict.is_kept else "x goes"
    return str(verdict.version), word, ", ".join(verdict.reasons)
