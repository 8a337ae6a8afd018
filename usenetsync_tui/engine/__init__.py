"""The engine's life: opening the catalogue, taking jobs in order, saying how it goes, stopping.

Knows which job runs when, and with which store and key. Refuses to know how a verb does its work
(`pipeline`), and who watches. Start with `engine`: outside its own event loop only two things are
touched, the immutable `status` and the mailbox behind `submit`; neither ever waits.
"""
