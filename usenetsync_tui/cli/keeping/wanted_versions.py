"""The versions that `forget` is to forget: named, or those that keep rules do not keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.cli.keeping.verdict_table import say_verdicts
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.keeping_fields import verdict_fields
from usenetsync_tui.cli.surroundings import environment
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import KeepRules
from usenetsync_tui.model.versions.kept_versions import verdicts


@value_object
class WantedVersions:
    """What the user typed: versions, or rules, or that the folder's own rules apply."""

    versions: tuple[int, ...]
    rules: KeepRules
    policy: bool

    async def of(
        self, tx: Transaction, folder: Folder, voice: Voice, *, tells: bool
    ) -> Sequence[int]:
        """The versions, ascending; none: the rules keep all, and that is printed.

        `tells`: print which rule keeps which version. `UsageError` for a folder without rules.
        """
        if self.versions:
            return sorted({*self.versions})
        rules = folder.keep.in_force(environment()[0].keep_rules) if self.policy else self.rules
        if not rules:
            raise UsageError(
                f"{folder.name} has no keep rules. To give it some: usenetsync keep FOLDER."
            )
        finished = await snapshots.finished(tx, folder.id)
        found = verdicts(finished, rules, datetime.now(UTC))
        if tells and voice.as_json:
            for verdict in reversed(found):
                voices.emit("verdict", **verdict_fields(folder.name, verdict))
        elif tells:
            say_verdicts(found)
        gone = sorted(verdict.version for verdict in found if not verdict.is_kept)
        if not gone and not voice.as_json and not voice.quiet:
            words = f"keep all of its {plural(len(found), 'version')}"
            voices.say(f"{safe_name(folder.name)}: the rules {words}. Nothing to forget.")
        return gone


def wanted_versions(versions: Sequence[int], rules: KeepRules, *, policy: bool) -> WantedVersions:
    """What the user typed. `click.UsageError` for none of the three, or more than one."""
    if bool(versions) + bool(rules) + policy != 1:
        raise click.UsageError("Name versions, or give keep rules, or --policy.")
    return WantedVersions(tuple(versions), rules, policy)
