"""The user's requests about the catalogue as a whole: a backup of it, and back."""

from __future__ import annotations

from usenetsync_tui.engine.progress.tasks import Task
from usenetsync_tui.engine.requests.paths import refuse_path
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.model.commands.engine import BackUpDatabase, RestoreDatabase
from usenetsync_tui.model.recovery.backups import BackupFound
from usenetsync_tui.model.text.figures import size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Work


def begin_backup(working_state: WorkingState, command: BackUpDatabase) -> None:
    """Begin to write a backup, beside the jobs. `UsageError` for a relative path."""
    from usenetsync_tui.engine.database_backup import back_up

    refuse_path(command.path)

    async def work(task: Task) -> None:
        def seen(done: int, total: int) -> None:
            task.done, task.total = done, total

        made = await back_up(
            working_state.catalogue,
            command.path,
            with_articles=command.with_articles,
            seen=seen,
        )
        task.outcome = " ".join((f"{made.words}, {size(made.bytes)}.", *made.notes))

    working_state.tasks.begin(f"Backup into {safe_name(command.path)}", work)


async def restore(working_state: WorkingState, command: RestoreDatabase) -> BackupFound:
    """Replace the catalogue by a backup.

    `EngineBusyError` while anything else works on it; else as `put_back`.
    """
    from usenetsync_tui.engine.database_backup import put_back

    refuse_path(command.path)
    working_state.refuse_if_busy("restore the catalogue")
    with working_state.stores.waits.announced(work := Work("restoring the catalogue")):
        found = await put_back(
            working_state.catalogue, command.path, replace=command.replace, seen=work.seen
        )
    working_state.summaries.clear()  # they are about jobs of the old catalogue
    await working_state.queue.requeue_interrupted()
    # The stores forget the keys of the old catalogue when they get other settings.
    working_state.settings = working_state.settings.model_copy()
    working_state.events.info(
        f"The catalogue is restored from {safe_name(command.path)}: {found.words}."
    )
    return found
