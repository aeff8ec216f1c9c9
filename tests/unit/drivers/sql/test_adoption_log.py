import asyncio
from pathlib import Path

import pytest

from entrepot.drivers.sql.adoption import SqlAdoptionStore
from entrepot.oci.name import RepositoryName


def test_nothing_is_kept_of_an_adoption_that_is_finished_without_having_begun(
    tmp_path: Path,
) -> None:
    async def finish_unbegun() -> None:
        store = SqlAdoptionStore.open(tmp_path / "metadata.db")
        try:
            await store.repository(RepositoryName("library/app"), 1)
            with pytest.raises(RuntimeError, match="no adoption has begun"):
                await store.finish(2)
        finally:
            store.close()

    async def what_is_known() -> tuple[bool, bool]:
        store = SqlAdoptionStore.open(tmp_path / "metadata.db")
        try:
            return await store.state() is not None, await store.has_content()
        finally:
            store.close()

    asyncio.run(finish_unbegun())
    assert asyncio.run(what_is_known()) == (False, False)
