"""The verbs that ask what versions say together, and `cat`, which prints a file of one.

Knows how an answer is printed, page by page, and for scripts. Refuses to know how it is found
(`catalogue.lookups`), and never needs the lock: an engine may be running.
"""
