"""The wire between an engine and its windows: JSON frames over WebSocket, on a UNIX socket.

The program with the engine `listen`s; every other program of the same user is a `client`. `frames`
are what they tell each other, made of `values`; the status crosses as `changes`.
"""
