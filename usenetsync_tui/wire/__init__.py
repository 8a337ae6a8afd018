"""The wire between an engine and its windows: JSON frames over WebSocket, on a UNIX socket.

The program with the engine `listen`s; every other program of the same user is a `client`. `frames`
are what they tell each other, made of `values`; the status crosses as `changes`.

Knows who may connect, and what each window may see. Refuses to know how an engine obeys a command
(`served` is all it needs of one), and what a window does with the answer.
"""
