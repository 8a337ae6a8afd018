"""UsenetSync: versioned snapshots of huge folders on Usenet, driven from a terminal."""

__version__ = "0.1.0"
