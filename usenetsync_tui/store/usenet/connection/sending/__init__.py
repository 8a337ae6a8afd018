"""Articles that a process of their own sends over a connection of ours.

To send an article takes four calls, each of which gives Python's lock up and has to get it back
from the threads that plan and record. So where an article is in shared memory already, encoded, a
helper process sends it: `sender` starts it and hands it connections, `serve` is what it runs, and
`messages` are the few bytes between them.

Knows two answers: 340, and a 240 that names no other Message-ID. With anything else it stops, and
our process goes on from there. Refuses to know what an answer means, TLS and logins.
"""
