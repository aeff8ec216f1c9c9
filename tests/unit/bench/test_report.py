from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bench.figures import DOCKER, ENTREPOT, Row, at_least, at_most
from bench.picture import bars_of, svg
from bench.report import Results
from bench.table import judged, markdown, number, plain


def rows() -> list[Row]:
    rate = Row("GET <tag>", "requests/s", {DOCKER: [100, 110], ENTREPOT: [1000, 900]})
    rate.wanted.append(at_least(12))
    rate.instead = "GET <tag>: CPU"
    cpu = Row("GET <tag>: CPU", "µs/request", {DOCKER: [1500], ENTREPOT: [100]})
    body = Row("blob", "CPU s/GB", {DOCKER: [1.0], ENTREPOT: [0.5], "nginx": [0.45]})
    body.wanted += [at_most(0.95), at_most(1.25, "nginx")]
    return [rate, cpu, body]


def test_a_missed_figure_says_no() -> None:
    rate = rows()[0]
    assert judged(rate, rate.wanted[0], rows()) == "NO"


def test_where_the_generator_was_the_limit_the_cpu_decides() -> None:
    rate = rows()[0]
    rate.saturated = True
    assert judged(rate, rate.wanted[0], rows()).startswith("yes, by CPU: 15x less")


def test_the_generator_excuses_nothing_where_the_cpu_is_missed_too() -> None:
    rate, cpu, body = rows()
    rate.saturated = True
    cpu.samples[ENTREPOT] = [150]
    assert judged(rate, rate.wanted[0], [rate, cpu, body]).startswith("NO, by CPU: 10x less")


def test_the_table_has_the_medians_the_ratio_and_each_verdict() -> None:
    lines = markdown(rows()).splitlines()
    assert "| 105 | - | 950 |" in lines[2]
    assert "9.05x" in lines[2]
    assert "nginx: 0.45" in lines[4]
    assert lines[4].endswith("| yes; yes |")
    assert len({line.count("|") for line in lines}) == 1


def test_the_plain_table_has_a_line_a_row() -> None:
    assert len(plain(rows()).splitlines()) == 4


def test_numbers_keep_three_digits_that_matter() -> None:
    assert number(12345.6) == "12,346"
    assert number(0.12345) == "0.123"
    assert number(None) == "-"


def test_better_is_to_the_right_for_costs_and_for_rates() -> None:
    bars = bars_of(rows())
    assert [round(bar.better, 2) for bar in bars] == [9.05, 2.0, 0.9]
    assert [bar.met for bar in bars] == [False, True, True]


def test_the_picture_is_well_formed() -> None:
    root = ElementTree.fromstring(svg(rows()))
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    assert any("GET <tag>" in text for text in texts)


def test_the_picture_of_nothing_is_well_formed() -> None:
    ElementTree.fromstring(svg([]))


def test_results_are_kept_and_read_back(tmp_path: Path) -> None:
    results = Results({"processor": "one"}, {"rounds": "5"}, {"some": rows()})
    results.write(tmp_path)
    again = Results.from_json((tmp_path / "results.json").read_text())
    assert again == results
    assert (tmp_path / "RESULTS.md").read_text() == again.to_markdown()
    assert "- processor: one" in again.to_markdown()
