"""Applies the rules of retention to every repository, in pages and small transactions."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, fields

from entrepot.config.sizes import count_of
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Caller
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import MetadataReader
from entrepot.ports.removal import DatedTag, DatedTags
from entrepot.services.image_removal import Candidate, ImageRemoval, Outcome
from entrepot.services.immutable import ImmutableTags
from entrepot.services.retention.judge import Judge
from entrepot.services.retention.pulls import CompletePulls
from entrepot.services.retention.rules import RetentionRule
from entrepot.services.retention.verdict import Reason, Verdict

_PAGE = 250
# Tags in one transaction, and seconds between two, so that no push waits long.
_BATCH = 20
_PAUSE_SECONDS = 0.002
# Repositories that are judged within it share one look at what was pulled.
_SETTLED_SECONDS = 1.0


@dataclass(slots=True)
class Counts:
    """What a run has come to.

    Attributes:
        repositories: that a rule is about.
        kept: tags that stayed, accessories not counted.
        removed: tags that went.
        manifests: that went with them.
        changed: tags that stayed because they were pushed or pulled meanwhile.
    """

    repositories: int = 0
    kept: int = 0
    removed: int = 0
    manifests: int = 0
    changed: int = 0

    def add(self, other: "Counts") -> None:
        """Add what another one has come to."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def see(self, verdict: Verdict) -> None:
        """Count what would become of a tag. Accessories go with what they belong to."""
        if verdict.dated.accessory_of is None:
            self.kept += verdict.keeps
            self.removed += not verdict.keeps

    def __str__(self) -> str:
        repositories = count_of(self.repositories, "repository", "repositories")
        manifests = count_of(self.manifests, "manifest")
        kept = count_of(self.kept, "tag")
        return f"{repositories}, {kept} kept, {self.removed:,} removed with {manifests}"


class Retention:
    """Applies rules.

    Args:
        metadata: which repositories there are.
        dated: their tags with their times.
        removal: removes what goes.
        immutable: tags that stay, whatever the rules say.
        clock: tells the time.
        rules: any one that keeps a tag is enough.
        caller: stands in the history of the tags that go.
        pulls: knows when all pulls are written that a rule may ask for.
    """

    def __init__(
        self,
        metadata: MetadataReader,
        dated: DatedTags,
        removal: ImageRemoval,
        immutable: ImmutableTags,
        clock: Clock,
        rules: Sequence[RetentionRule],
        caller: Caller,
        pulls: CompletePulls,
    ) -> None:
        self._metadata = metadata
        self._dated = dated
        self._removal = removal
        self._immutable = immutable
        self._clock = clock
        self._rules = tuple(rules)
        self._caller = caller
        self._pulls = pulls
        self._settled_at = 0
        self._settled_until = -math.inf

    async def repositories(self, after: str = "") -> AsyncIterator[RepositoryName]:
        """List the repositories that a rule is about, in byte order, behind one of them."""
        while page := await self._metadata.repositories(after, _PAGE):
            for name in page:
                if self._about(name):
                    yield name
            after = page[-1]
            await asyncio.sleep(0)

    async def verdicts(self, name: RepositoryName) -> AsyncIterator[Verdict]:
        """Tell of each tag of a repository what becomes of it, and why; change nothing."""
        judge = await self._judge(name)
        async for page in self._pages(name):
            for dated in page:
                verdict = judge.verdict(dated)
                if not verdict.keeps and self._immutable.protects(self._caller, name, dated.tag):
                    immutable = Reason("", True, "immutable")
                    verdict = Verdict(dated, (immutable, *verdict.reasons))
                yield verdict

    async def apply(self, name: RepositoryName) -> Counts:
        """Remove the tags of one repository that no rule keeps.

        Safe to be stopped anywhere, and to be begun again: what was removed stays so, and what is
        left is judged anew.

        Raises:
            MetadataOutage: the database failed.
        """
        judge = await self._judge(name)
        counts = Counts(repositories=1)
        going: list[Candidate] = []
        async for page in self._pages(name):
            for dated in page:
                if dated.accessory_of is not None:
                    continue
                if judge.keeps(dated) or self._immutable.protects(self._caller, name, dated.tag):
                    counts.kept += 1
                else:
                    only = judge.untags_only(dated)
                    going.append(
                        Candidate(
                            name,
                            dated.tag,
                            dated.digest,
                            dated.pushed_at,
                            only,
                            unless_pulled=judge.asks_pulls,
                            pulled_at=dated.pulled_at,
                        )
                    )
                if len(going) >= _BATCH:
                    await self._remove(going, counts)
        await self._remove(going, counts)
        return counts

    async def run(
        self, after: str = "", done: Callable[[RepositoryName], Awaitable[None]] | None = None
    ) -> Counts:
        """Apply the rules to every repository.

        Args:
            after: the last repository of an earlier run that was stopped.
            done: told of each repository that is done.
        """
        counts = Counts()
        async for name in self.repositories(after):
            counts.add(await self.apply(name))
            if done is not None:
                await done(name)
        return counts

    def _about(self, name: RepositoryName) -> list[RetentionRule]:
        return [rule for rule in self._rules if rule.repositories.matches(name)]

    async def _judge(self, name: RepositoryName) -> Judge:
        rules = self._about(name)
        asks = any(rule.asks_pulls for rule in rules)
        judge = Judge(rules, await self._settled() if asks else self._clock.now())
        if judge.compares:
            async for page in self._pages(name):
                for dated in page:
                    judge.see(dated)
        return judge

    async def _settled(self) -> int:
        """Give a moment, a second ago at most, of which every pull before it is known."""
        if time.monotonic() >= self._settled_until:
            self._settled_until = time.monotonic() + _SETTLED_SECONDS
            self._settled_at = await self._pulls.settle()
        return self._settled_at

    async def _pages(self, name: RepositoryName) -> AsyncIterator[list[DatedTag]]:
        after = ""
        while page := await self._dated.dated_tags(name, after, _PAGE):
            yield page
            after = page[-1].tag
            await asyncio.sleep(0)  # others have their turn

    async def _remove(self, going: list[Candidate], counts: Counts) -> None:
        if not going:
            return
        for removed in await self._removal.remove(self._caller, going):
            counts.removed += removed.outcome is Outcome.REMOVED
            counts.changed += removed.outcome in (Outcome.CHANGED, Outcome.PULLED)
            counts.kept += removed.outcome is Outcome.IMMUTABLE
            counts.manifests += len(removed.manifests)
        going.clear()
        await asyncio.sleep(_PAUSE_SECONDS)
