"""From an index in a store to the rows of a catalogue, without the catalogue that it came from.

Knows which roots and runs lead to which versions, and what rows they become. Refuses to know how a
root is found (`find_root`) and a page is read (`read_version`). Start with `adopt`.

1. `root_chain` gives the roots that lead to the wanted versions.
2. `adopted_folder` makes the folder and its realms; `bring_forward` takes one that is here already.
3. `loading` takes the runs in their order, whole or in part (`wanted`); `pages_ahead` fetches their
   pages, `load_runs` makes rows of them, `adopted_pages` keeps them.
"""
