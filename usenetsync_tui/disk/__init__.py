"""The file systems: trees as they are read and written. No catalogue, no event loop."""
