from __future__ import annotations

import pytest
from bench.figures import DOCKER, ENTREPOT, Row, at_least, at_most, percentile
from hypothesis import given
from hypothesis import strategies as st


def test_percentile_is_the_nearest_rank() -> None:
    hundred = [float(number) for number in range(100, 0, -1)]
    assert percentile(hundred, 0.99) == 99
    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 1) == 100
    assert percentile([7.0], 0.99) == 7


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0.01, 1))
def test_at_least_the_asked_share_of_samples_is_no_larger(
    samples: list[float], share: float
) -> None:
    found = percentile(samples, share)
    assert found in samples
    assert sum(sample <= found for sample in samples) >= share * len(samples) - 1e-6


def row(docker: list[float], entrepot: list[float]) -> Row:
    return Row("work", "requests/s", {DOCKER: docker, ENTREPOT: entrepot})


def test_ratio_is_that_of_the_medians() -> None:
    assert row([10, 1, 1000], [120, 5, 9000]).ratio() == 12


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        (at_least(12), True),
        (at_least(12.1), False),
        (at_most(12), True),
        (at_most(11.9), False),
        (at_most(120, None), True),
        (at_most(119, None), False),
    ],
)
def test_a_figure_is_met_on_its_good_side_only(wanted: object, met: bool) -> None:
    one = row([10], [120])
    assert one.judge(wanted) is met  # type: ignore[arg-type]


def test_nothing_is_judged_where_a_series_is_missing() -> None:
    assert row([10], []).judge(at_least(1)) is None
    assert row([], [10]).judge(at_least(1)) is None


def test_a_row_survives_json() -> None:
    one = row([1.5], [3])
    one.wanted += [at_least(2), at_most(5, None)]
    one.notes.append("said")
    assert Row.from_json(one.to_json()) == one
