"""What the program takes, beside its peers: ``python -m tests.benchmarks --list`` names the cases.

Knows how a round of each side is run and what the table says. Refuses to know the program from
the inside: its command is measured, except where a case asks the catalogue itself.
"""

import sys
from pathlib import Path

# The tests' own tools: pytest has them on its path (pyproject.toml), this program does not.
sys.path.append(str(Path(__file__).parents[1] / "support"))
