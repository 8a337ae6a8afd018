"""The usenet store: articles on NNTP servers.

Knows what each server reply leads to: another try, another server, another name, or an error.
Refuses to know the catalogue, except the port for aliases. Three layers: `store` and its helpers
know articles, `pool` knows servers and hands out connections, `connection` knows one conversation.
"""
