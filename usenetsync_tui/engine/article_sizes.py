"""What is too large to be posted, said before the first byte of a folder is read.

`codec.yenc` refuses an article that cannot be decoded, and a server one that it does not take;
but then the folder is read, planned and half posted. The settings tell all that beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable

from usenetsync_tui.codec.sealing import sealed_size
from usenetsync_tui.codec.yenc import likely_payload, likely_size
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.folders import Profile, Realm, StoreKind
from usenetsync_tui.model.segments import LARGEST_PAYLOAD
from usenetsync_tui.model.servers import Role
from usenetsync_tui.settings.server import ServerSettings
from usenetsync_tui.settings.settings import Settings


def refuse_unpostable(realm: Realm, settings: Settings) -> None:
    """`SettingsError` when segments of this size cannot be posted in a realm.

    The other stores keep payloads as they are: there any `chunk_size` will do.
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
            # Bytes that yEnc escapes are more in one article than in another, headers are longer.
            sure = server.max_article - server.max_article // 256
            most = max(0, likely_payload(sure) - overhead)
            raise SettingsError(
                f"chunk_size {chunk:,} makes articles of about {size:,} bytes, and server "
                f"{server.name} takes at most {server.max_article:,} (max_article in its "
                f"settings). A chunk_size of {most:,} fits."
            )
