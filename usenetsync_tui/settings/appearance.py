"""The settings of the screen itself, for its first frame: its keys, its theme and its bell.

Knows three keys. Refuses to check anything: pydantic, which checks all settings, takes a tenth of a
second to load, and the screen draws before that. `settings.load_settings` reports whatever this
module passes over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.settings.sources import (
    CONFIG_NAME,
    PREFIX,
    config_bytes,
    config_table,
    config_text,
    from_variables,
)

BELL_AFTER = 300
"""The default of `bell_after`, in seconds."""
_KEYS, _THEME, _BELL = "keys", "theme", "bell_after"
_EXAMPLES = {_KEYS: '{"key": "value"}', _THEME: "", _BELL: ""}


@value_object
class Appearance:
    """How the user wants the screen."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding id → its keys, separated by commas."""
    theme: str = ""
    """The name of a theme; empty: our own."""
    bell_after: int = BELL_AFTER
    """The seconds of work from which the end of a job rings the bell; 0: never."""


def appearance(config_dir: Path, variables: Mapping[str, str]) -> Appearance:
    """Keys, theme and bell that the file and, over it, the environment (`variables`) give.

    A value of the wrong type counts as not given. `SettingsError` for a file that cannot be read
    or is not TOML, and for a variable of these three that is empty or not JSON.
    """
    path = config_dir / CONFIG_NAME
    data = config_bytes(path)
    values: dict[str, object] = {}
    if data is not None:
        values.update(config_table(path, config_text(path, data)))
    ours = {(PREFIX + key).upper() for key in _EXAMPLES}
    given = {name: value for name, value in variables.items() if name.upper() in ours}
    values.update({key: value for key, (_, value) in from_variables(given, _EXAMPLES).items()})
    keys, theme, bell = (values.get(key) for key in (_KEYS, _THEME, _BELL))
    flat = dict(flat_keys(keys)) if isinstance(keys, Mapping) else {}
    return Appearance(
        keys={name: text for name, text in flat.items() if isinstance(text, str)},
        theme=theme if isinstance(theme, str) else "",
        bell_after=_seconds(bell),
    )


def _seconds(value: object) -> int:
    """A number of seconds, also as a variable has it; the default for anything else."""
    text = str(value)
    is_number = not isinstance(value, bool) and text.isascii() and text.isdecimal()
    return int(text) if is_number else BELL_AFTER


def flat_keys(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Join nested keys with dots: TOML reads ``files.mark = "m"`` as a table in a table."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flat_keys(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
