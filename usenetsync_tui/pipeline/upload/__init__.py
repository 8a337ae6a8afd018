"""The way up: a folder becomes a new version."""
