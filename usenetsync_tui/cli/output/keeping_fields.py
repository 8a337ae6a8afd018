"""The keys of the JSON events about what is kept."""

from __future__ import annotations

from typing import Any

from usenetsync_tui.model.versions.keep_rules import COUNTED, KeepRules
from usenetsync_tui.model.versions.kept_versions import KeepVerdict, PolicyEffect
from usenetsync_tui.model.versions.version_marks import MarkedVersion

Fields = dict[str, Any]


def rules_fields(rules: KeepRules) -> Fields:
    """Keep rules; 0, null and an empty list: no such rule."""
    return {
        **{name: getattr(rules, name) for name in COUNTED},
        "within": str(rules.within) or None,
        "tags": list(rules.tags),
    }


def verdict_fields(folder: str, verdict: KeepVerdict) -> Fields:
    """Whether the keep rules keep a version, and which ones."""
    return {
        "folder": folder,
        "version": verdict.version,
        "kept": verdict.is_kept,
        "reasons": list(verdict.reasons),
    }


def policy_fields(found: PolicyEffect) -> Fields:
    """The keep rules of a folder, and the versions that they would forget now."""
    return {
        "folder": found.folder,
        "own": found.policy.is_own,
        "rules": rules_fields(found.policy.in_force(found.default)),
        "forgotten_versions": list(found.forgotten),
    }


def marked_fields(folder: str, version: MarkedVersion) -> Fields:
    """What the user says about a version."""
    return {
        "folder": folder,
        "version": version.version,
        "protected": version.protected,
        "tags": list(version.tags),
    }
