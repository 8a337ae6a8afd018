"""Articles that a process of their own sends over a connection of ours.

To send an article takes four calls, each of which gives Python's lock up and has to get it back
from the threads that plan and record. So where an article is in shared memory already, encoded, a
helper process sends it: `sender` starts it and hands it connections, `serve` is what it runs, and
`channel` is our end of a connection that it uses, and `messages` are the few bytes between them.
TLS takes most time of all, and needs the process from its handshake on: `encrypted` carries all
that is said over such a connection.

Knows two answers: 340, and a 240 that names no other Message-ID. With anything else it stops, and
our process goes on from there. Refuses to know what an answer means, and logins.
"""
