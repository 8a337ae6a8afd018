"""What the engine says to the program that sent it a command."""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.model.value_object import value_object


@value_object
class Answer:
    """What became of one command, once the engine has obeyed or refused it."""

    job_id: int | None = None
    """The job that it made, changed or found open; None if it concerns none, or was refused."""
    problem: str = ""
    """Why it was refused, as a sentence; empty: it was not.

    With a job: the queue has that job already, and gets no second one.
    """
    exit_code: int = 0
    """The exit code of a command that ends with the problem."""
    kind: str = ""
    """The name of the problem's class in `errors`."""


Answered = Callable[[Answer], None]
"""Takes the answer to a command, once; called in the engine's thread, and must not wait."""
