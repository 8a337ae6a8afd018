"""The settings: reads and checks them, reports problems, and writes servers to their file.

Knows `config.toml` and the variables `USENETSYNC_<KEY>`. Refuses to act on a setting.
"""
