"""One job of the engine, or of a command that runs it itself: from its begin to its outcome.

Knows the life of a job, the verbs that run as one, and how a job is stopped. Refuses to know the
queue (`engine.queue`), the engine's state (`engine.working_state`) and which job is next.
"""
