"""The tables of the folders' indexes, and the rows that an adopted index becomes.

Knows the statements. Refuses to know the format (`codec.index`), and when a page is posted
(`pipeline.index`).
"""
