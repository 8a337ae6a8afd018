"""Filters of a folder: which paths a walk leaves out, and by which rule.

Knows gitignore's syntax as git reads it, and the rules that look into a directory. Refuses to know
the catalogue. Directories that are left out are not entered.

1. `patterns` reads one pattern; `globs` and `brackets` are its parts.
2. `rule_lists` reads the patterns of an option, of a file, of a ``.usenetsyncignore``.
3. `suspects` tests all names of a directory at once: few names match any pattern at all.
4. `tree_filters` asks the lists, the most important first, about each of these; `directory_tags`
   are the rules for whole directories.

Of several patterns the last one decides, of several lists the most important one that says
something: ``--exclude`` before ``.usenetsyncignore`` files (the nearest first), before
``--exclude-file``, before the settings. That is git's order.

Patterns and names are bytes. We translate patterns ourselves: pathspec 1.1 differs from git for
classes such as ``[[:alpha:]]`` and for escaped bytes in brackets, and tells only the last match in
one list.
"""
