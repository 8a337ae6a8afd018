"""The embedded PostgreSQL: how to make, find, start, share and stop it."""
