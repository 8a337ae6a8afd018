"""The further names of articles."""

from __future__ import annotations

import pytest

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import aliases
from usenetsync_tui.catalogue.tables.aliases import CatalogueAliases


def name(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.mark.anyio
async def test_the_latest_adopted_names_of_those_that_have_one(catalogue: Catalogue) -> None:
    known = CatalogueAliases(catalogue)
    assert await known.adopted([]) == {}
    for wire_id in ("z@x", "a@x", "m@x"):
        await known.adopt(name(1), wire_id)
    await known.adopt(name(2), "two@x")
    await known.adopt(name(3), "three@x")
    async with catalogue.transaction() as tx:
        await aliases.pass_on(tx, name(9), name(4), "merely-older@x")
    asked = [name(n) for n in (1, 2, 4, 5)]
    assert await known.adopted(asked) == {name(1): "m@x", name(2): "two@x"}


@pytest.mark.anyio
async def test_a_name_that_is_given_again_is_the_latest(catalogue: Catalogue) -> None:
    known = CatalogueAliases(catalogue)
    for wire_id in ("first@x", "second@x", "first@x"):
        await known.adopt(name(1), wire_id)
    assert await known.adopted([name(1)]) == {name(1): "first@x"}
    assert await known.of(name(1)) == ["first@x", "second@x"]


@pytest.mark.anyio
async def test_a_name_of_an_article_that_got_a_new_one_is_merely_older(
    catalogue: Catalogue,
) -> None:
    known = CatalogueAliases(catalogue)
    await known.adopt(name(1), "adopted@x")
    async with catalogue.transaction() as tx:
        await aliases.pass_on(tx, name(1), name(2), "own@x")
    assert await known.adopted([name(1), name(2)]) == {}
    assert sorted(await known.of(name(2))) == ["adopted@x", "own@x"]
