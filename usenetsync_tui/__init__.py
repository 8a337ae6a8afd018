"""UsenetSync: versioned snapshots of huge folders on Usenet, driven from a terminal.

Data flows through the packages in this order: `disk` reads a tree, `pipeline` makes articles from
it, `catalogue` records them (over `postgres`), `codec` encodes them, `store` sends them. `engine`
runs jobs, `tui` and `cli` are the two user interfaces, `settings` configures all, and `model`
defines the types that all share. Imports point down only; `lint-imports` checks it. The README has
a tour.
"""

__version__ = "0.1.0"
