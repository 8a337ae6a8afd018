"""UsenetSync: versioned snapshots of huge folders on Usenet, driven from a terminal.

Data flows through the rooms in this order: `disk` reads a tree, `pipeline` makes articles of it,
`catalogue` remembers them (over `postgres`), `codec` gives them their form, `store` sends them.
`engine` runs jobs, `tui` and `cli` are the two faces, `settings` says how, and `model` holds the
nouns of all. Imports point down only; `lint-imports` checks it. The README has a tour.
"""

__version__ = "0.1.0"
