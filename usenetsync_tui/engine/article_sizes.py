"""Refuses segments that are too large to be posted, before the first byte of a folder is read.

`codec.yenc` refuses an article that cannot be decoded, and a server one that is too large for it;
but by then the folder is read, planned and half posted. The settings are enough to tell earlier.
"""

from __future__ import annotations

from collections.abc import Iterable

from usenetsync_tui.codec.sealing import sealed_size
from usenetsync_tui.codec.yenc import likely_payload, likely_size
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.folders import Profile, Realm, StoreKind
from usenetsync_tui.model.segments import LARGEST_PAYLOAD
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.settings.server import ServerSettings
from usenetsync_tui.settings.settings import Settings


def refuse_unpostable(realm: Realm, settings: Settings) -> None:
    """`SettingsError` when segments of this size cannot be posted in a realm.

    The other stores keep payloads as they are: for them any `chunk_size` is possible.
    """
    if realm.store is not StoreKind.USENET:
        return
    chunk, overhead = settings.chunk_size, 0
    if realm.profile is Profile.SEALED:
        overhead = sealed_size(chunk, chunk if settings.padding else 0) - chunk
    if chunk + overhead > LARGEST_PAYLOAD:
        raise SettingsError(
            f"chunk_size is {chunk:,}. On Usenet it can be {LARGEST_PAYLOAD - overhead:,} at most: "
            "a larger article could be posted, but not decoded again."
        )
    _refuse_small_servers(settings.servers, chunk, overhead)


def _refuse_small_servers(servers: Iterable[ServerSettings], chunk: int, overhead: int) -> None:
    size = likely_size(chunk + overhead)
    for server in servers:
        if Role.POST in server.roles and size > server.max_article:
            # Articles differ in how many bytes yEnc escapes, and in the length of their headers.
            sure = server.max_article - server.max_article // 256
            most = max(0, likely_payload(sure) - overhead)
            raise SettingsError(
                f"chunk_size {chunk:,} makes articles of about {size:,} bytes, and server "
                f"{server.name} takes at most {server.max_article:,} (max_article in its "
                f"settings). A chunk_size of {most:,} fits."
            )
