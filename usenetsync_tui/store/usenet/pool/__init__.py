"""All connections of all servers: who gets one, and which server is to be left alone.

Knows roles, limits, and how well a server is. Refuses to know articles.
"""
