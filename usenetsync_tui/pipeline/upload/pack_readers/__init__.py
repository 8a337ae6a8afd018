"""Packs of small files, read one after another by one process, or by several.

Knows where a pack is read. Refuses to know what is in it (`read_pack`) and what becomes of it
(`read`). Start with `readers`.

Five system calls read a small file, and each of them gives up the interpreter's lock and has to get
it back. While other threads work, that costs more than the calls themselves. So as soon as an
upload has many small files, processes of their own read them: `readers` starts and asks them,
`serve` is what they run, and `messages` are the bytes between both.
"""
