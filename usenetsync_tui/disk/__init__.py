"""Reading and writing trees of files on disk. No catalogue, no event loop."""
