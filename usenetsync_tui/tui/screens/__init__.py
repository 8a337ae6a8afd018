"""The deeper screens over the dashboard: versions, changes, files, articles, and one article.

Knows how to go down from a folder to one article. Refuses to know how the pages are found.
"""
