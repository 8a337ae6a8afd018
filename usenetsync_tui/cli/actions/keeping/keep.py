"""`usenetsync keep`: which versions of a folder are kept, and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial

import click

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.cli.actions.keeping.asking import asked
from usenetsync_tui.cli.keeping.options import rules_typed
from usenetsync_tui.cli.keeping.verdict_table import say_verdicts
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.keeping_fields import policy_fields, verdict_fields
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, catalogue_to_read, environment, folder_named, start
from usenetsync_tui.engine.requests.keeping import effect, set_rules
from usenetsync_tui.model.commands.folders import SetKeepRules
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.keep_rules import (
    KeepPolicy,
    KeepRules,
    TimeSpan,
    policy_in_words,
)
from usenetsync_tui.model.versions.kept_versions import PolicyEffect


def keep(
    folder: str,
    keep_last: int,
    keep_hourly: int,
    keep_daily: int,
    keep_weekly: int,
    keep_monthly: int,
    keep_yearly: int,
    keep_within: TimeSpan | None,
    keep_tag: tuple[str, ...],
    off: bool,
    as_settings: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Store the keep rules of a folder, or only show them. Ends the process with its exit code."""
    rules = rules_typed(
        *(keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly),
        keep_within,
        keep_tag,
    )
    if off + as_settings + bool(rules) > 1:
        raise click.UsageError("Give keep rules, or --off, or --default.")
    policy = KeepPolicy(rules, is_own=not as_settings) if off or as_settings or rules else None
    start(partial(_keep, folder, policy, wait, Voice(as_json)), as_json=as_json)


async def _keep(word: str, policy: KeepPolicy | None, wait: float, voice: Voice) -> Exit:
    default = environment()[0].keep_rules
    async with catalogue_to_read("keep", quiet=policy is not None) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            found: PolicyEffect | None = await effect(tx, folder, folder.keep, default)
    if policy is not None:
        wanted = SetKeepRules(folder.id, policy)

        async def here(catalogue: Catalogue, command: SetKeepRules) -> PolicyEffect:
            return await set_rules(catalogue, command, default)

        found = await asked(wanted, here, "keep", wait, voice)
    if found is None:
        return Exit.INTERRUPTED
    _tell(found, as_json=voice.as_json)
    return Exit.DONE


def _tell(found: PolicyEffect, *, as_json: bool) -> None:
    if as_json:
        for verdict in reversed(found.verdicts):
            voices.emit("verdict", **verdict_fields(found.folder, verdict))
        voices.emit("keep", **policy_fields(found))
        return
    rules = found.policy.in_force(found.default)
    if rules:
        say_verdicts(found.verdicts)
    voices.say(f"{safe_name(found.folder)} keeps: {policy_in_words(found.policy, found.default)}")
    if rules:
        voices.say(_outlook(found.folder, found.forgotten, len(found.verdicts), rules))


def _outlook(folder: str, forgotten: Sequence[int], count: int, rules: KeepRules) -> str:
    """What the rules would do now."""
    if not forgotten:
        return "All versions are kept now. The rules run after each upload."
    return (
        f"After its next upload {len(forgotten)} of {plural(count, 'version')} would be forgotten. "
        f"To forget them now: {program()} forget {shlex.quote(safe_name(folder))} --policy"
    )
