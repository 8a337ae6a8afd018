"""What ``usenetsync doctor`` finds about the machine and its terminal.

Knows findings and the checks made of plain facts. Refuses to know how the facts are measured.
"""
