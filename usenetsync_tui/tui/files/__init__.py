"""The list of a version's files, in the dashboard and on deeper screens: filtered, sorted, marked.

Knows pages of rows, which the `Browser` port reads. Refuses to hold all rows: it keeps some pages
and the keys where the others begin.
"""
