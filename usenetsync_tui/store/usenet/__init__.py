"""The usenet store: articles on NNTP servers.

Knows what each answer leads to: another try, another server, another name, or an error. Refuses to
know the catalogue, but for the port that keeps aliases. Three floors: `store` and its helpers know
articles, `pool` knows servers and who gets a connection, `connection` knows one conversation.
"""
