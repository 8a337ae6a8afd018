"""The settings: where they come from, what they may be, what is wrong with them, and their file.

Knows `config.toml` and the variables `USENETSYNC_<KEY>`. Refuses to act on a setting.
"""
