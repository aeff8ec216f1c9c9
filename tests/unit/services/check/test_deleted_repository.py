"""At no moment of a deletion is anything wrong: neither rows nor counters."""

import pytest

from entrepot.drivers.sql.removal import SqlHiddenRepositories
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Transaction
from tests.unit.services.check.harness import APP, LISTS, Damaged, with_stock


@pytest.mark.parametrize("name", [APP, LISTS])
def test_a_repository_that_is_being_deleted_is_no_damage(name: RepositoryName) -> None:
    async def work(stock: Damaged) -> None:
        async def change(transaction: Transaction) -> None:
            repository = await transaction.find_repository(name)
            assert repository is not None
            await transaction.hide_repository(repository, 1)

        await stock.registry.metadata.change(change)
        hidden = SqlHiddenRepositories(stock.registry.metadata.database)
        steps = 0
        while True:
            found = await stock.check()
            assert [finding for finding in found if finding.kind.is_problem] == []
            if not await hidden.drain(1):
                break
            steps += 1
        assert steps >= 4

    with_stock(work)
