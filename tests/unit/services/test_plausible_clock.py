"""A clock that has run ahead is doubted for a day, and nobody has to do anything after that."""

import pytest

from entrepot.drivers.sql.collection import SqlCollectionQueue
from entrepot.drivers.sql.jobs import SqlJobLedger
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.collection import CollectionRules, Collector, Tally
from entrepot.services.plausible_clock import NAME, PlausibleClock, since_boot
from tests.model.place import Place
from tests.unit.services.collection.places import at_a_place, push
from tests.unit.services.registry import MovableClock, Registry, with_registry
from tests.wire.harness.contents import CONFIG, Content, image

HOUR, DAY = 3600.0, 86_400.0
YEAR = 365 * DAY


class Machine:
    """A clock that is set, beside one that nobody sets."""

    def __init__(self, registry: Registry) -> None:
        self.clock: MovableClock = registry.clock
        self.ledger = SqlJobLedger(registry.metadata.database)
        self._up = 0
        self.start()

    def start(self) -> None:
        """Start the process anew."""
        self.plausible = PlausibleClock(self.ledger, self.clock, lambda: self._up)

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.forward(seconds)
        self._up += int(seconds * MICROSECONDS)

    async def looks(self, hours: int) -> list[bool]:
        """Look once an hour; give what was said, each once."""
        said: list[bool] = []
        for _ in range(hours):
            answer = await self.plausible.is_plausible()
            if said[-1:] != [answer]:
                said.append(answer)
            self.forward(HOUR)
        return said


def test_a_clock_that_goes_as_it_should_is_believed() -> None:
    async def work(registry: Registry) -> None:
        machine = Machine(registry)
        assert await machine.looks(24 * 70) == [True]
        machine.start()
        machine.forward(20 * DAY)
        assert await machine.looks(30) == [True]

    with_registry(work)


def test_a_wrong_clock_at_boot_is_doubted_until_it_is_right(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(registry: Registry) -> None:
        machine = Machine(registry)
        assert await machine.looks(3) == [True]
        machine.clock.forward(20 * YEAR)
        machine.start()
        assert await machine.looks(3) == [False]
        machine.start()
        assert await machine.looks(3) == [False]
        machine.clock.forward(-20 * YEAR)
        assert await machine.looks(30) == [True]
        machine.clock.forward(21 * YEAR)
        machine.start()
        assert await machine.looks(3) == [False]

    with_registry(work)
    warnings = [message for message in caplog.messages if "retention run" in message]
    assert len(warnings) == 3, "one for each process"


def test_a_registry_that_was_off_for_long_goes_on_after_a_day() -> None:
    async def work(registry: Registry) -> None:
        machine = Machine(registry)
        assert await machine.looks(3) == [True]
        machine.forward(YEAR)
        machine.start()
        assert await machine.looks(24) == [False]
        machine.start()
        assert await machine.looks(48) == [True]

    with_registry(work)


def test_another_wrong_boot_does_not_end_the_doubt() -> None:
    async def work(registry: Registry) -> None:
        machine = Machine(registry)
        assert await machine.looks(3) == [True]
        for _ in range(3):
            machine.clock.forward(5 * YEAR)
            machine.start()
            assert await machine.looks(3) == [False]

    with_registry(work)


def test_a_jump_while_the_process_runs_is_doubted_for_a_day() -> None:
    async def work(registry: Registry) -> None:
        machine = Machine(registry)
        assert await machine.looks(3) == [True]
        machine.clock.forward(5 * DAY)
        assert await machine.looks(3) == [False]
        machine.clock.forward(-5 * DAY)
        assert await machine.looks(3) == [True]
        machine.clock.forward(60 * DAY)
        assert await machine.looks(48) == [False, True]

    with_registry(work)


def test_what_other_jobs_have_seen_is_enough_to_doubt() -> None:
    async def work(registry: Registry) -> None:
        ledger = SqlJobLedger(registry.metadata.database)
        await ledger.claim("gc sweep", "me", registry.clock.now(), 1)
        registry.clock.forward(YEAR)
        assert await Machine(registry).looks(30) == [False, True]

    with_registry(work)


def test_who_dies_while_writing_it_down_stands_in_nobodys_way() -> None:
    async def work(registry: Registry) -> None:
        machine = Machine(registry)
        await machine.looks(1)
        await machine.ledger.claim(NAME, "dead", machine.clock.now(), -machine.clock.now())
        machine.clock.forward(-YEAR)
        machine.start()
        assert await machine.looks(24 * 40) == [True]

    with_registry(work)


def test_the_machine_has_a_clock_that_nobody_sets() -> None:
    first = since_boot()
    assert 0 < first <= since_boot()


def test_untagged_manifests_stay_while_the_clock_is_doubted() -> None:
    rules = CollectionRules(60.0, untagged=True, untagged_after=7 * DAY)
    layer, other = Content(b"layer"), Content(b"other")
    old, new = image(layer, config=CONFIG), image(other, config=CONFIG)

    async def work(place: Place) -> None:
        ledger = SqlJobLedger(place.database.database)
        plausible = PlausibleClock(ledger, place.clock, place.clock.now)
        ports = (SqlCollectionQueue(place.database.database), place.storage, place.clock)
        collector = Collector(*ports, rules, Tally(), pause=0.0, plausible=plausible)
        await push(place, "a", old, layer, tag="1")
        await push(place, "a", new, other, tag="1")
        await collector.look()
        place.clock.forward(YEAR)
        await collector.look()
        await collector.look()
        assert await place.has_manifest("a", old.digest)
        assert await place.pull_blob("a", layer) == layer.payload
        place.clock.forward(DAY)
        await collector.look()
        assert not await place.has_manifest("a", old.digest)

    at_a_place(work, rules)
