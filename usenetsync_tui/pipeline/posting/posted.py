"""posted: the store's answer to an article, on its way to be confirmed."""

from __future__ import annotations

from typing import NamedTuple

from usenetsync_tui.model.segments import Receipt
from usenetsync_tui.pipeline.posting.ledger import OutgoingArticle


class Posted(NamedTuple):
    """The store's answer: a receipt, or the store's error message."""

    posting: OutgoingArticle
    receipt: Receipt | None
    error: str | None = None
    payload: int = 0
    """How many bytes were posted; the bytes themselves are freed."""
    charged: bool = True
    """Whether the error counts as a try of the article."""
