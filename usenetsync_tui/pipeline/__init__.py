"""The verbs, one file each: scan → index → read → pack → compress → plan → post → confirm, and
beside them check, which looks for what was posted.

Stages are tasks joined by bounded streams: that is the back-pressure, the limit on memory
and the queue monitor at once. Work that leaves the GIL runs in worker threads on whole
segments; the ledger is written by `plan` and `confirm` only.
"""
