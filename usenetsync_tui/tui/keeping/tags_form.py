"""The tags of a version."""

from __future__ import annotations

from textual.app import ComposeResult

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.versions import TagVersion
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.keep_rules import MOST_TAGS, tag_problem
from usenetsync_tui.tui.kit.form import Field, Form, line_input

_HINT = "Words for this version, with commas between them. A keep rule can keep what has a tag."


class TagsForm(Form[tuple[TagVersion, ...]]):
    """Dismissed with what turns the tags of a version into those typed, or with None."""

    def __init__(self, folder: Folder, version: Snapshot) -> None:
        name = cut_middle(safe_name(folder.name), 40)
        super().__init__(f"Tags of {name}, version {version.version}")
        self._folder, self._version = folder, version

    def fields(self) -> ComposeResult:
        yield Field("Tags", line_input("tags", ", ".join(self._version.tags)), hint=_HINT)

    def accept(self) -> None:
        typed = [word.strip() for word in self.text("tags").split(",")]
        tags = dict.fromkeys(word for word in typed if word)
        problem = next(filter(None, map(tag_problem, tags)), "")
        if len(tags) > MOST_TAGS:
            problem = f"A version has at most {MOST_TAGS} tags."
        self.complain({"tags": problem})
        if problem:
            return
        before, number = {*self._version.tags}, self._version.version
        less = tuple(sorted(before - {*tags}))
        more = tuple(sorted({*tags} - before))
        commands = [TagVersion(self._folder.id, number, less, remove=True)] if less else []
        commands += [TagVersion(self._folder.id, number, more)] if more else []
        self.end(tuple(commands) or None)
