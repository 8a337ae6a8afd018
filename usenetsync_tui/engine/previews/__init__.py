"""Previews of a folder's next version for the screen: what its filters leave out, and why.

Knows which preview is the latest. Refuses to know how it is found (`pipeline.upload.dry_run`).
"""
