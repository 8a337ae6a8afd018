"""The screens over the dashboard: versions, changes, files, articles, one article, and the doctor.

Knows how a user moves from a folder down to one article. Refuses to know how the catalogue reads
the pages.
"""
