"""One connection to one server: dialled, secured, logged in, and used.

Knows sockets, TLS, proxies, timeouts and the order of commands. Refuses to know other servers.
Blocking: worker threads use it, one at a time; what NNTP means is `codec.nntp` and `codec.answers`.
"""
