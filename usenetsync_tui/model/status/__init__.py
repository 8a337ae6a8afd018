"""The status of the engine: one immutable value, replaced five times a second.

The screen and the progress bar can read it at any time; nothing in it is computed on demand.
Rates are per second, sizes bytes, times seconds.

Knows what there is to show. Refuses to know how it is shown and measured.
"""
