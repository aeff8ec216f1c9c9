"""The registry's model with a collector: a moved clock, two at once, and one that is killed.

What a manifest needs is there, and so is what was confirmed within the grace. The rest may be gone
whenever a collector was there, and is gone once everything has settled.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from entrepot.assembly.application import build_application
from entrepot.services.collection import CollectionRules, Collector, Sweep, Tally
from tests.model.contents import ALL_BLOBS, NEEDS
from tests.model.place import Clock
from tests.model.scheduler import Killed
from tests.model.test_registry_model import RegistryMachine, Repository, blobs, names
from tests.wire.harness.contents import Content

GRACE = 3600.0
MICROSECONDS = 1_000_000
RULES = CollectionRules(GRACE)
moments = st.sampled_from([0.3 * GRACE, 0.7 * GRACE, GRACE + 1, 1.2 * GRACE])


class Confirmed(set[str]):
    """A repository's blobs, and when each was confirmed last."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.at: dict[str, int] = {}

    def add(self, digest: str) -> None:
        super().add(digest)
        self.at[digest] = self._clock.now()

    def is_promised(self, digest: str) -> bool:
        return self._clock.now() - self.at[digest] <= GRACE * MICROSECONDS


class Manifests(dict[str, Content]):
    """A repository's manifests; when one goes, the grace of what it needs begins."""

    def __init__(self, needed: Confirmed) -> None:
        super().__init__()
        self._needed = needed

    def pop(self, digest: str, *default: Any) -> Any:
        if digest in self:
            for blob in NEEDS[digest][0]:
                self._needed.add(blob.digest)
        return super().pop(digest, *default)


class Mortal:
    """A port of a collector whose process is killed after some calls."""

    def __init__(self, port: Any, calls: list[int]) -> None:
        self._port = port
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*arguments: Any, **named: Any) -> Any:
            if self._calls[0] == 0:
                raise Killed
            self._calls[0] -= 1
            return await getattr(self._port, name)(*arguments, **named)

        return call


class CollectingMachine(RegistryMachine):
    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__()

    def start(self) -> None:
        super().start()
        running = self.running
        running.drivers = replace(running.drivers, clock=self.clock)
        running.application = build_application(running.settings, running.drivers, running.observer)
        running.transport.application = running.application

    def has(self, name: str) -> Repository:
        self.known.add(name)
        if name not in self.repositories:
            confirmed = Confirmed(self.clock)
            self.repositories[name] = Repository(confirmed, Manifests(confirmed))
        return self.repositories[name]

    def collector(self, calls: list[int] | None = None) -> Collector:
        drivers = self.running.drivers
        queue: Any = drivers.collection
        storage: Any = drivers.blobs
        if calls is not None:
            queue, storage = Mortal(queue, calls), Mortal(storage, calls)
        return Collector(queue, storage, self.clock, RULES, Tally(), pause=0.0)

    @rule(seconds=moments)
    def let_time_pass(self, seconds: float) -> None:
        self.clock.forward(seconds)

    @rule(name=names, blob=blobs)
    def ask_for_a_blob(self, name: str, blob: Content) -> None:
        answer = self.client.ask("HEAD", f"/v2/{name}/blobs/{blob.digest}")
        self.expect(200 if blob.digest in self.of(name).blobs else 404, answer)
        if answer.status == 200:
            self.has(name).blobs.add(blob.digest)

    @rule()
    def collect(self) -> None:
        self.loop.run(self.collector().look())

    @rule()
    def collect_twice_at_once(self) -> None:
        async def both() -> None:
            await asyncio.gather(self.collector().look(), self.collector().look())

        self.loop.run(both())

    @rule(calls=st.integers(0, 14))
    def collect_and_be_killed(self, calls: int) -> None:
        async def look() -> None:
            with suppress(Killed):
                await self.collector([calls]).look()

        self.loop.run(look())

    @rule()
    def sweep(self) -> None:
        drivers = self.running.drivers
        pages, queue = drivers.collection_sweep, drivers.collection
        sweep = Sweep(pages, queue, drivers.blobs, self.clock, RULES, Tally(), share=1.0)
        self.loop.run(sweep.run())

    @rule()
    def settle(self) -> None:
        for _ in range(3):
            self.collect()
            self.clock.forward(2 * GRACE)
        self.collect()
        needed = {
            blob.digest
            for repository in self.repositories.values()
            for digest in repository.manifests
            for blob in NEEDS[digest][0]
        }
        folder = self.running.data / "docker" / "registry" / "v2" / "blobs"
        assert {f"sha256:{path.name}" for path in folder.glob("sha256/*/*")} == needed

    def compare_blobs(self, name: str, model: Repository) -> None:
        confirmed = model.blobs
        for blob in ALL_BLOBS:
            answer = self.client.ask("GET", f"/v2/{name}/blobs/{blob.digest}")
            if answer.status == 200:
                assert blob.digest in confirmed
                assert answer.body == blob.payload
                continue
            self.expect(404, answer)
            if blob.digest in confirmed:
                assert isinstance(confirmed, Confirmed)
                assert not model.needs(blob.digest), "an image is broken"
                assert not confirmed.is_promised(blob.digest), "a promise is broken"
                confirmed.remove(blob.digest)


def test_a_collector_keeps_what_is_needed_and_what_was_promised() -> None:
    profile = settings(max_examples=max(20, settings().max_examples // 3), stateful_step_count=30)
    run_state_machine_as_test(CollectingMachine, settings=profile)
