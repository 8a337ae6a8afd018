"""The engine's progress for other programs: ``ws://…/progress``, ``/metrics`` and ``/healthz``.

Read-only: nothing that a client sends changes anything. Knows the status and HTTP. Refuses to know
the engine, the settings, and where the token comes from.
"""
