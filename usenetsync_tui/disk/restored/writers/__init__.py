"""Processes that make small files: the ordinary ones, which are nearly all.

Knows files whose making needs no thought, and open directories that it is given. Refuses to know
paths, the rest of the target, and what to do with a file that is not ordinary: that one is left
to `small_files`. Python runs on one processor a process: here the second one gets its share.
"""
