"""Rules against a plain reading of what they say: sort everything, take the first few."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from entrepot.oci.digest import Digest
from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.removal import DatedTag
from entrepot.services.retention.judge import Judge
from entrepot.services.retention.newest import Newest
from entrepot.services.retention.rules import RetentionRule

NOW = 10_000_000_000
EVERYWHERE = RepositoryGlobs.parse(["**"])
DIGEST = Digest.of(b"", "sha256")
NAMES = st.sampled_from(
    ["latest", "main", "v1.0.0", "1.0.0", "v1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0-rc.10", "2.0.0"]
    + [f"pr-{number}" for number in range(8)]
)
TIMES = st.integers(0, NOW)
TAGS = st.lists(
    st.builds(
        lambda name, pushed, pulled: DatedTag(Tag(name), DIGEST, pushed, pulled),
        NAMES,
        # Few, so that ties come up.
        st.one_of(TIMES, st.sampled_from([1, 2, 3])),
        st.one_of(st.none(), TIMES, st.sampled_from([1, 2, 3])),
    ),
    max_size=14,
    unique_by=lambda dated: dated.tag,
)
NUMBERS = st.one_of(st.none(), st.integers(1, 5))
AGES = st.one_of(st.none(), st.integers(1, NOW))
RULES = st.builds(
    lambda pattern, regex, **criteria: RetentionRule(
        "rule",
        EVERYWHERE,
        (TagGlob.parse(pattern),),
        matching=() if regex is None else (LinearRegex(regex),),
        **criteria,
    ),
    pattern=st.sampled_from(["*", "pr-*", "v*", "?.*", "main"]),
    regex=st.sampled_from([None, "^v", "-[0-4]$", "main|latest"]),
    last=NUMBERS,
    versions=NUMBERS,
    pulled=NUMBERS,
    younger=AGES,
    pulled_within=AGES,
    untag_only=st.booleans(),
)


def version_of(tag: str) -> Version | None:
    text = tag.removeprefix("v")
    return Version.parse(text) if Version.is_valid(text) else None


def kept_by(rule: RetentionRule, tags: list[DatedTag]) -> set[str]:
    """Say what one rule keeps, of the tags that it is about."""
    versions = [(version_of(tag.tag), tag.pushed_at, tag.tag) for tag in tags]
    pulled = [(tag.pulled_at, tag.tag) for tag in tags if tag.pulled_at is not None]
    kept: set[str] = set()
    if rule.last is not None:
        kept |= {name for _, name in sorted((t.pushed_at, t.tag) for t in tags)[-rule.last :]}
    if rule.versions is not None:
        found = sorted(entry for entry in versions if entry[0] is not None)
        kept |= {name for _, _, name in found[-rule.versions :]}
    if rule.pulled is not None:
        kept |= {name for _, name in sorted(pulled)[-rule.pulled :]}
    for tag in tags:
        if rule.younger is not None and NOW - tag.pushed_at < rule.younger:
            kept.add(tag.tag)
        within = rule.pulled_within
        if within is not None and tag.pulled_at is not None and NOW - tag.pulled_at < within:
            kept.add(tag.tag)
        if any(regex.found_in(tag.tag) for regex in rule.matching):
            kept.add(tag.tag)
    return kept


def judged(rules: list[RetentionRule], tags: list[DatedTag]) -> set[str]:
    judge = Judge(rules, NOW)
    for tag in tags:
        judge.see(tag)
    kept: set[str] = {tag.tag for tag in tags if judge.keeps(tag)}
    assert kept == {tag.tag for tag in tags if judge.verdict(tag).keeps}
    return kept


@given(st.lists(RULES, max_size=3), TAGS)
def test_what_one_rule_keeps_stays_and_what_no_rule_is_about_stays_too(
    rules: list[RetentionRule], tags: list[DatedTag]
) -> None:
    expected: set[str] = set()
    for tag in tags:
        about = [rule for rule in rules if rule.tags[0].matches(tag.tag)]
        concerned = [[other for other in tags if rule.tags[0].matches(other.tag)] for rule in about]
        if not about or any(
            tag.tag in kept_by(rule, others) for rule, others in zip(about, concerned, strict=True)
        ):
            expected.add(tag.tag)
    assert judged(rules, tags) == expected


@given(st.lists(RULES, max_size=3), TAGS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rules_nor_that_of_tags_changes_anything(
    rules: list[RetentionRule], tags: list[DatedTag], chance: random.Random
) -> None:
    kept = judged(rules, tags)
    chance.shuffle(rules)
    chance.shuffle(tags)
    assert judged(rules, tags) == kept


@given(st.lists(RULES, max_size=3), RULES, TAGS)
def test_one_more_rule_about_the_same_tags_never_takes_a_tag_that_stayed(
    rules: list[RetentionRule], more: RetentionRule, tags: list[DatedTag]
) -> None:
    every = [replace(rule, tags=(TagGlob.parse("*"),)) for rule in [*rules, more]]
    if rules:
        assert judged(every[:-1], tags) <= judged(every, tags)


@given(st.lists(RULES, max_size=3), TAGS)
def test_what_stayed_stays_when_the_rules_are_applied_again(
    rules: list[RetentionRule], tags: list[DatedTag]
) -> None:
    kept = judged(rules, tags)
    assert judged(rules, [tag for tag in tags if tag.tag in kept]) == kept


@given(TAGS, RULES, st.integers(0, 20))
def test_a_tag_that_was_pushed_after_the_others_were_seen_is_kept_as_if_it_had_been_there(
    tags: list[DatedTag], rule: RetentionRule, place: int
) -> None:
    if not tags or rule.last is None or not rule.tags[0].matches(tags[0].tag):
        return
    late, others = replace(tags[0], pushed_at=NOW + 1), tags[1:]
    judge = Judge([rule], NOW)
    for tag in others:
        judge.see(tag)
    assert judge.keeps(late)


@given(st.lists(st.tuples(st.integers(0, 5), st.text("ab", max_size=3))), st.integers(1, 4))
def test_few_are_held_however_many_are_seen(seen: list[tuple[int, str]], number: int) -> None:
    newest = Newest(number)
    for key, tag in seen:
        newest.see(key, tag)
    assert len(newest._heap) == min(number, len(seen))
    assert sorted(newest._heap) == sorted(seen)[-number:]


@pytest.mark.parametrize(
    ("rule", "tag", "said"),
    [
        ({"younger": 50_000_000}, ("v1", NOW - 49_000_000, None), "keep: pushed 49 s ago"),
        ({"younger": 50_000_000}, ("v1", NOW - 90_000_000, None), "drop: pushed 1 min ago"),
        ({"last": 3}, ("v1", 5, None), "keep: among the 3 pushed last"),
        ({"pulled": 3}, ("v1", 5, None), "drop: never pulled"),
        ({"pulled_within": 7, "pulled": 1}, ("v1", 5, NOW), "keep: pulled just now"),
        ({"versions": 3}, ("v1", 5, None), "drop: no semantic version"),
        ({"versions": 3}, ("v1.0.0", 5, None), "keep: among the 3 newest versions"),
        ({"matching": "^v", "younger": 1}, ("v1", 5, None), "keep: matches ^v"),
        (
            {"matching": "^x", "younger": 1, "versions": 2},
            ("v1", NOW - 7_200_000_000, None),
            "drop: pushed 2 h ago; no semantic version; does not match ^x",
        ),
    ],
)
def test_a_verdict_says_why(
    rule: dict[str, object], tag: tuple[str, int, int | None], said: str
) -> None:
    regex = rule.pop("matching", None)
    matching = (LinearRegex(str(regex)),) if regex else ()
    retention = RetentionRule(
        "builds",
        EVERYWHERE,
        (TagGlob.parse("*"),),
        matching=matching,
        **rule,  # type: ignore[arg-type]
    )
    judge = Judge([retention], NOW)
    dated = DatedTag(Tag(tag[0]), DIGEST, tag[1], tag[2])
    judge.see(dated)
    verdict = judge.verdict(dated)
    (reason,) = verdict.reasons
    assert f"{'keep' if verdict.keeps else 'drop'}: {reason.why}" == said
    assert str(reason) == f"builds: {reason.why}"


def test_a_tag_that_no_rule_is_about_says_so() -> None:
    judge = Judge([], NOW)
    verdict = judge.verdict(DatedTag(Tag("v1"), DIGEST, 1, None))
    assert verdict.keeps
    assert [str(reason) for reason in verdict.reasons] == ["no rule applies"]
