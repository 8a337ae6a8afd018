"""What makes `usenetsync serve` a service: systemd's protocol, its unit, and the log.

Knows how a service manager and an administrator watch a program. Refuses to know jobs, and when an
engine is made again (`actions/serve`).
"""
