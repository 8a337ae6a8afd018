"""The list of a version's files, in the dashboard and over the screen: filtered, sorted, marked.

Knows pages of rows, which the `Browser` port brings. Refuses to hold all of them: a list of
3 million files costs no more memory than one of a hundred.
"""
