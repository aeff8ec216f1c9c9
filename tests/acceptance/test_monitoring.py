"""Prometheus' own tool takes the alert rules, and each fires when it should."""

from tests.acceptance.harness.paths import CHECKOUT
from tests.acceptance.harness.process import run

RULES = CHECKOUT / "deploy/prometheus/entrepot.rules.yml"


def test_promtool_takes_the_rules() -> None:
    assert "SUCCESS" in run(["promtool", "check", "rules", RULES])


def test_each_alert_fires_when_it_should() -> None:
    assert "SUCCESS" in run(
        ["promtool", "test", "rules", RULES.with_name("entrepot.rules.test.yml")]
    )
