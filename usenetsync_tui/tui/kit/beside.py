"""Work beside the screen: coroutines that Textual runs as workers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker


def run_beside(
    node: DOMNode,
    work: Callable[[], Coroutine[Any, Any, None]],
    *,
    group: str,
    name: str = "",
    exclusive: bool = False,
) -> Worker[None]:
    """Run a coroutine function as a worker of a node; with `exclusive`, cancel its group first.

    It is a function because a worker that is cancelled before its first step would leave a
    coroutine that nobody has awaited.
    """
    return node.run_worker(work, name=name, group=group, exclusive=exclusive)
