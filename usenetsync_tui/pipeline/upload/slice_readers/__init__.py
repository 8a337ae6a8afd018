"""Slices of large files, read and made ready to be sent by processes of their own.

Knows where a slice is read. Refuses to know what it belongs to (`attempt`) and what becomes of it
(`plan`). Start with `readers`.

To read, digest and encode a slice takes 0.4 ms without Python's lock, in three calls. Each of them
gives the lock up and has to get it back, which takes 0.1 ms while the lanes send. So as soon as an
upload has read many bytes of large files, helper processes do all that: `readers` starts and asks
them, `serve` is what they run, `slots` is the memory that both sides share, and `messages` are the
few bytes between them.

Only the process of the upload opens files and says whether they are still what the walk saw: a
helper gets the descriptor of the open file. What a helper cannot do as usual it leaves to the
caller, who reads that slice again and finds out why.
"""
