"""The whole catalogue as one file, and back.

Reads and writes tables with binary COPY, so it works with every server without a client of the
same version. Knows tables, columns and sequences. Refuses to know what they mean, and the file.
"""
