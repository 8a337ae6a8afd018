"""Our signs for terminals whose encoding is not UTF-8: one ASCII character for each."""

from __future__ import annotations

ASCII = str.maketrans(
    "✓✗▲·‖…–—×→│┤─╭╮╰╯┃━╸▌▐▏▎▍▋▊▉█▁▂▃▄▅▆▇▔\ufffd•↑↓←⏎▀●○▼›≤◆",
    "+x^.|~--x>|+-++++|==||   ####_.-=oOO-?*^v<<#*ov><*",
)
"""For `str.translate`."""
