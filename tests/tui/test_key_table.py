"""The key table in the README is the one of the bindings."""

from __future__ import annotations

from key_table import README, written


def test_the_readme_has_the_keys_of_the_bindings() -> None:
    readme = README.read_text()
    assert readme == written(readme), "python tests/support/key_table.py --write"
