"""The ids of all bindings of our widgets; the settings assign other keys to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.binding import Binding
from textual.dom import DOMNode


def every_binding() -> dict[str, Binding]:
    """Binding id → binding, of every class of this package that has been imported."""
    return {
        binding.id: binding
        for owner in our_classes()
        for binding in vars(owner).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.id
    }


def unknown_ids(ids: Iterable[str]) -> list[str]:
    """The ids that no binding has, sorted."""
    known = every_binding()
    return sorted(each for each in ids if each not in known)


def our_classes(root: type[DOMNode] = DOMNode) -> Iterator[type[DOMNode]]:
    """The widgets, screens and the application of this package that have been imported."""
    for owner in root.__subclasses__():
        if owner.__module__.startswith("usenetsync_tui."):
            yield owner
        yield from our_classes(owner)
