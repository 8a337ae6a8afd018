"""The engine's life: opens the catalogue, runs jobs in order, publishes its status, stops.

Knows which job runs when, and with which store and key. Refuses to know how a verb does its work
(`pipeline`), and which windows watch. Start with `engine`: other threads use only two things, the
immutable `status` and the mailbox behind `submit`; neither ever waits.
"""
