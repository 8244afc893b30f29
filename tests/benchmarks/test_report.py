"""Reports of benchmark results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import plot, report
from benchmarks.figures import COMPARISONS, REASONS, figures, libraries, reason
from benchmarks.results import Results
from benchmarks.stats import percentile

if TYPE_CHECKING:
    from pathlib import Path

SERIES = {
    "cache": [0.4, 0.5, 0.6],
    "hold": [0.7],
    "hold.core": [0.1],
    "many.raised": [0.0],
    "beside.play.pyglet_palace": [6.0],
    "beside.play.pygame-ce": [0.25],
    "beside.play.pyglet.media": [150.0],
    "beside.load.WAV.pyglet_palace": [10.0],
    "beside.load.WAV.pyglet.media": [20.0],
    "growth.names.ask.10": [0.1],
    "growth.names.ask.1000": [3.0],
}


@pytest.fixture
def results() -> Results:
    machine = {"processor": "Abacus 3000", "cores": "2", "system": "Linux 6 (x86_64)", "Python": "CPython 3.11"}
    failed = {"beside:loading arcade": "arcade is not installed", "beside:memory arcade": "arcade is not installed"}
    failed["playing:play"] = "OSError: /home/somebody/x"
    return Results.of(SERIES, machine, {"sounds": "3 sounds"}, failed)


def test_table_shows_the_target(results: Results) -> None:
    page = report.as_markdown(results)
    assert "| `cache` of 200 names, on the calling thread | 0.500 ms | 0.400 to 0.600 | < 1 ms | met |" in page
    assert "| 0.700 ms |  | < 0.5 ms | not met |" in page
    assert "| 0 |  | <= 0 | met |" in page


def test_page_names_the_machine(results: Results) -> None:
    assert "Measured on Abacus 3000, 2 cores: Linux 6 (x86_64), Python CPython 3.11." in report.as_markdown(results)


def test_peer_table_compares_libraries(results: Results) -> None:
    """A library without results is left out."""
    rows = report.peer_table(results)
    assert rows[0] == ["", "pyglet_palace", "pyglet.media", "pygame-ce"]
    assert ["play a sound", "6.00 us", "150 us", "0.250 us"] in rows
    assert ["load the WAV files", "10.00 ms", "20.00 ms", "-"] in rows
    assert rows[1] == ["reads", "all", "all", "-"]


def test_faster_library_is_explained(results: Results) -> None:
    (sentence,) = report.ahead(results)
    assert sentence.startswith("pygame-ce is ahead: play a sound (0.250 us against 6.00 us). Its play is one call")


def test_partial_reader_is_not_ahead(results: Results) -> None:
    """A library that reads fewer kinds of file is not ahead in loading all it reads."""
    frames = {"beside.frame.pyglet_palace": [900.0], "beside.frame.pyglet.media": [1.0]}
    assert len(report.ahead(Results.of({**SERIES, **frames}, {}, {}, {}))) == 2
    more = {**SERIES, **frames, "beside.load.MP3.pyglet_palace": [10.0]}
    assert len(report.ahead(Results.of(more, {}, {}, {}))) == 1


def test_comparisons_have_reasons() -> None:
    assert {row.key.partition(".")[0] for row in COMPARISONS} == set(REASONS)
    assert {name for row in REASONS.values() for name in row} <= set(libraries())
    assert reason("load.Opus", "pygame-ce") == REASONS["load"]["pygame-ce"]


def test_page_hides_error_paths(results: Results) -> None:
    page = report.section(results, None)
    assert page.count("arcade is not installed") == 1
    assert "somebody" not in page
    assert "somebody" in report.as_text(results)


def test_section_omits_detail_figures() -> None:
    """It keeps the promises and the figures that explain them."""
    series = {"hold": [0.7], "hold.core": [0.1], "hold.update": [0.7]}
    results = Results.of(series, {}, {}, {})
    assert "the longest `Context.update`" in report.as_markdown(results)
    page = report.section(results, None)
    assert "time of a core" in page
    assert "the longest `Context.update`" not in page


def test_page_is_rewritten_between_markers(results: Results, tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\n\nafter\n")
    report.rewrite_page(page, results, "growth.png")
    once = page.read_text()
    assert once == f"before\n\n{report.section(results, 'growth.png')}\n\nafter\n"
    assert "![How costs grow](growth.png)" in once
    report.rewrite_page(page, results, "growth.png")
    assert page.read_text() == once


@pytest.mark.parametrize(
    "text", ["", f"{report.BEGIN}", f"{report.END}{report.BEGIN}", f"{report.BEGIN * 2}{report.END}"]
)
def test_wrong_markers_raise(text: str) -> None:
    with pytest.raises(ValueError, match="must hold one"):
        report.rewrite(text, "new")


def test_performance_page_has_markers() -> None:
    from benchmarks.__main__ import ROOT

    assert "new" in report.rewrite((ROOT / "docs" / "performance.md").read_text(encoding="utf-8"), "new")


def test_results_survive_serialization(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(path)
    assert Results.read(path) == results
    assert '"met": false' in path.read_text()


def test_pictures_match_the_results(results: Results, tmp_path: Path) -> None:
    assert [path.name for path in plot.draw(results, tmp_path)] == ["targets.png", "peers.png", "growth.png"]
    assert plot.draw(Results.of({}, {}, {}, {}), tmp_path) == []


def test_numbers_have_three_digits() -> None:
    assert [report.number(value) for value in (0, 0.01234, 1.5, 99.999, 1234.5)] == [
        "0", "0.012", "1.50", "100.00", "1,234",
    ]  # fmt: skip


def test_percentile_is_a_sample() -> None:
    samples = [float(value) for value in range(1, 101)]
    assert percentile(samples, 99) == 99
    assert percentile(samples[::-1], 50) == 50
    assert percentile([3.0], 99) == 3


def test_figure_keys_are_unique() -> None:
    keys = [figure.key for figure in figures()]
    assert len(keys) == len(set(keys))
