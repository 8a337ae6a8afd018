"""The dialogs of a recovery string: one shows it, one brings its folder back, one restores with it.

Knows how a string is typed and shown. Refuses to know what it opens.
"""
