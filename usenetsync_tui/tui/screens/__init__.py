"""The deeper screens: versions, changes, files, articles, and one article."""
