"""The arguments of a restore, as the user typed them."""

from __future__ import annotations

import os
from pathlib import Path

import click

from usenetsync_tui.environment import absolute_path
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.value_object import value_object

WAY_OUT = "Choose another folder, or add --in-place to replace them."


@value_object
class RestoreOptions:
    """The arguments of a restore, as the user typed them."""

    word: str
    target: Path | None
    version: int | None
    paths: tuple[str, ...]
    in_place: bool
    detach: bool = False
    choices: RestoreChoices = RestoreChoices()
    recreate: bool = False
    yes: bool = False
    dry_run: bool = False

    def check(self) -> None:
        """Raise `click.UsageError` for options that contradict each other."""
        if self.target is None and not self.in_place:
            raise click.UsageError(
                "Where to? Add TARGET, or --in-place for the place that was backed up."
            )
        if self.recreate and (self.target is not None or not self.in_place):
            raise click.UsageError("--recreate goes with --in-place, without TARGET.")
        if self.yes and not self.choices.delete:
            raise click.UsageError("--yes goes with --delete: nothing else is asked.")
        if self.dry_run and self.detach:
            raise click.UsageError("--dry-run prints its plan here: leave out --detach.")

    def command(self, folder_id: int, *, in_place: bool = False) -> Restore:
        """The restore of a folder. `in_place`: as if it was typed."""
        target = absolute_path(os.fsencode(self.target)) if self.target is not None else b""
        return Restore(
            folder_id,
            target,
            self.version,
            tuple(map(os.fsencode, self.paths)),
            self.in_place or in_place,
            self.choices,
            self.recreate,
        )
