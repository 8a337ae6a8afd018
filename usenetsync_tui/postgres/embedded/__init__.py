"""The embedded PostgreSQL: made, found, started, shared and stopped.

Knows clusters, processes, sockets, lock files and the user that runs the server. Refuses to know
what is in the database. Start with `server`: the first user starts it, the last one stops it.
"""
