"""The list of a version's files, in the dashboard and over the screen: filtered, sorted, marked.

Knows pages of rows, which the `Browser` port brings. Refuses to hold all rows: only some pages, and
where the others begin.
"""
