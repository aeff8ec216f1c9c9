"""Which limits hold where, and what is said when one is reached."""

from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.ports.uploads import BytesAround
from entrepot.ports.usage import Used, UsedAround
from entrepot.services.quotas.limits import Limits, LimitsAround, QuotaRules, Rule
from entrepot.services.quotas.receiving import byte_excess
from entrepot.services.quotas.refusal import Excess, find_growth

APP = RepositoryName("team-a/app")
MIB = 1024 * 1024


def rule(pattern: str, **limits: int) -> Rule:
    return Rule(RepositoryGlobs.parse([pattern]), Limits(**limits))


def test_of_each_list_the_first_that_matches_decides() -> None:
    rules = QuotaRules(
        Limits(tags=9),
        [rule("team-*", bytes=1), rule("*", bytes=2)],
        [rule("team-a/**"), rule("**", bytes=3)],
    )
    assert rules.around(APP) == LimitsAround(Limits(), Limits(bytes=1), Limits(tags=9))
    assert rules.around(RepositoryName("alone")) == LimitsAround(
        Limits(bytes=3), Limits(bytes=2), Limits(tags=9)
    )


def test_rules_without_limits_limit_nothing() -> None:
    assert not QuotaRules(Limits(), [rule("*")], [rule("**")]).any
    assert QuotaRules(Limits(), [], [rule("**", tags=0)]).any
    assert QuotaRules(Limits(), [], [rule("**")]).around(APP).none


def growth(before: Used, after: Used, **limits: int) -> Excess | None:
    around = LimitsAround(namespace=Limits(**limits))
    return find_growth(around, UsedAround(namespace=before), UsedAround(namespace=after))


def test_what_reaches_the_limit_may_be_there() -> None:
    assert growth(Used(bytes=5), Used(bytes=10), bytes=10) is None
    assert growth(Used(bytes=5), Used(bytes=11), bytes=10) == Excess("namespace", "bytes", 5, 10, 6)


def test_what_is_over_may_stay_and_shrink_but_not_grow() -> None:
    assert growth(Used(tags=20), Used(tags=20), tags=10) is None
    assert growth(Used(tags=20), Used(tags=19), tags=10) is None
    assert growth(Used(tags=20), Used(tags=21), tags=10) is not None


def test_every_counter_of_every_scope_is_looked_at() -> None:
    for scope in ("repository", "namespace", "registry"):
        for counter in ("bytes", "tags", "repositories"):
            limits = LimitsAround(**{scope: Limits(**{counter: 0})})
            after = UsedAround(**{scope: Used(**{counter: 1})})
            assert find_growth(limits, UsedAround(), after) == Excess(scope, counter, 0, 0, 1)


def test_the_quota_with_the_least_room_is_named() -> None:
    limits = LimitsAround(Limits(bytes=100), Limits(bytes=90), Limits(bytes=200))
    used = UsedAround(Used(bytes=50), Used(bytes=50), Used(bytes=150))
    assert byte_excess(limits, used, BytesAround(), 1).scope == "namespace"
    assert byte_excess(limits, used, BytesAround(20, 0, 0), 1).scope == "repository"
    assert byte_excess(limits, used, BytesAround(20, 20, 49), None).scope == "registry"


def test_the_message_says_used_limit_wanted_and_what_to_do() -> None:
    full = Excess("repository", "bytes", 19 * MIB, 20 * MIB, 3 * MIB, 512 * 1024).error(APP)
    assert full.message == (
        "the quota of repository team-a/app is 20 MiB: 19 MiB used, 512 KiB are arriving, "
        "3 MiB more wanted; delete images that are not needed, or ask for a higher quota"
    )
    assert full.detail == {
        "scope": "repository",
        "quota": "bytes",
        "limit": 20 * MIB,
        "used": 19 * MIB,
        "arriving": 512 * 1024,
        "wanted": 3 * MIB,
    }
    tags = Excess("namespace", "tags", 1, 1, 2).error(APP).message
    assert tags.startswith("the quota of namespace team-a is 1 tag: 1 used, 2 more wanted; ")
    names = Excess("registry", "repositories", 7, 7, 1).error(APP).message
    assert names.startswith("the quota of this registry is 7 repositories: 7 used, 1 more wanted;")
