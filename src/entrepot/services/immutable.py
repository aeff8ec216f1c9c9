"""Tags that stay where they are: neither moved nor deleted, by anybody but exempt robots.

Asked inside the transaction that would change a tag: of two pushes at once, one finds the tag.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entrepot.errors import ImmutableTag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.access import Caller, Kind
from entrepot.ports.removal import Removal

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImmutableRule:
    """Some tags stay.

    Attributes:
        repositories: where.
        tags: which.
        exempt: names of robots for whom it does not hold.
    """

    repositories: RepositoryGlobs
    tags: tuple[TagGlob, ...]
    exempt: frozenset[str] = frozenset()

    def protects(self, caller: Caller, name: str, tag: str) -> bool:
        """Tell whether the rule holds for a tag, against a caller."""
        return (
            not (caller.kind is Kind.ROBOT and caller.name in self.exempt)
            and any(glob.matches(tag) for glob in self.tags)
            and self.repositories.matches(name)
        )


class ImmutableTags:
    """Refuses changes of tags.

    Args:
        rules: any one that holds is enough.
    """

    def __init__(self, rules: Sequence[ImmutableRule] = ()) -> None:
        self._rules = tuple(rules)

    def protects(self, caller: Caller, name: RepositoryName, tag: str) -> bool:
        """Tell whether a caller may not move or delete a tag."""
        return any(rule.protects(caller, name, tag) for rule in self._rules)

    def concerns(self, caller: Caller, name: RepositoryName) -> bool:
        """Tell whether any tag of a repository may be protected against a caller."""
        return any(
            rule.repositories.matches(name)
            and not (caller.kind is Kind.ROBOT and caller.name in rule.exempt)
            for rule in self._rules
        )

    async def check_move(
        self,
        transaction: Removal,
        caller: Caller,
        repository: tuple[int, RepositoryName],
        tag: Tag,
        digest: Digest,
    ) -> None:
        """Return when the caller may point a tag at a manifest.

        Args:
            transaction: the one that will.
            caller: who asks.
            repository: its number and its name.
            tag: which may exist.
            digest: of the manifest; where the tag points to it already, nothing changes.

        Raises:
            ImmutableTag: it points elsewhere, and stays.
        """
        number, name = repository
        if not self.protects(caller, name, tag):
            return
        state = await transaction.tag(number, tag)
        if state is not None and state.digest != digest:
            raise ImmutableTag(
                f"tag {tag} of {name} is immutable: it stays at {state.digest}; "
                "push under another tag",
                {"name": name, "tag": tag, "digest": state.digest},
            )

    def check_delete(self, caller: Caller, name: RepositoryName, tags: Iterable[str]) -> None:
        """Return when the caller may delete tags.

        Raises:
            ImmutableTag: one of them stays.
        """
        if not self._rules:
            return
        kept = [tag for tag in tags if self.protects(caller, name, tag)]
        if kept:
            shown = ", ".join(kept[:_SHOWN]) + (", …" if len(kept) > _SHOWN else "")
            noun, verb = ("tag", "is") if len(kept) == 1 else ("tags", "are")
            raise ImmutableTag(
                f"{noun} {shown} of {name} {verb} immutable, and cannot be deleted",
                {"name": name, "tags": kept[:_SHOWN]},
            )
