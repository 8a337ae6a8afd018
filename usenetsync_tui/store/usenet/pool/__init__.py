"""All connections of all servers: which task gets one, and which server must rest.

Knows roles, limits, and how well a server is. Refuses to know articles.
"""
