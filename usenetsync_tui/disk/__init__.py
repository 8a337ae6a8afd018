"""The file systems: trees as they are read (`source`) and written (`restored`).

Knows paths as bytes, descriptors, mounts and file systems. Refuses to know the catalogue and the
event loop: everything here blocks and runs in worker threads.
"""
