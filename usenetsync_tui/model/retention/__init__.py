"""Which versions of a folder are kept, and what forgetting the others frees.

Knows the values that the catalogue, the engine and the windows exchange about it. Refuses to know
how anything is deleted.
"""
