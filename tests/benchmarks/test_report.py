"""Reports of benchmark results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import plot, report
from benchmarks.comparisons import COMPARISONS, REASONS, libraries, reason
from benchmarks.figures import figures
from benchmarks.processes import Task
from benchmarks.results import Results, suite
from benchmarks.stats import percentile

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.stats import Series

SERIES = {
    "cache": [0.4, 0.5, 0.6],
    "calls.all": [-0.1, 0.2],
    "cache.ratio": [4.0, 5.0, 6.0],
    "play.ratio": [2.5],
    "many.raised": [0.0],
    "peers.play.pyglet_palace": [6.0],
    "peers.play.pygame-ce": [0.25],
    "peers.play.pyglet.media": [150.0],
    "ratio.play.pyglet.media": [24.0],
    "peers.load.WAV.pyglet_palace": [10.0],
    "peers.load.WAV.pyglet.media": [20.0],
    "growth.names.request.10": [0.1],
    "growth.names.request.1000": [3.0],
}


def _results(series: Series) -> Results:
    return Results(suite(Task("playing:play"), series, 1.0))


@pytest.fixture
def results() -> Results:
    results = _results(SERIES)
    machine = {
        "cpu_model_name": "Abacus 3000",
        "cpu_count": "3",
        "system": "Linux 6 (x86_64)",
        "OpenAL": "libopenal.so",
    }
    failed = {
        "peer_measures:loading arcade": "arcade is not installed",
        "peer_measures:memory arcade": "arcade is not installed",
    }
    failed["playing:play"] = "OSError: /home/somebody/x"
    results.describe({**machine, "python_version": "3.11", "OpenAL": "libopenal.so", "sounds": "3 sounds"}, failed)
    return results


def test_table_shows_the_target(results: Results) -> None:
    page = report.as_markdown(results)
    assert (
        "| `cache` of 200 names / their look-up by `Loader.location` | 5.00 x | 4.00 to 6.00 | <= 8 x | met |" in page
    )
    assert "| 2.50 x |  | <= 2 x | **not met** |" in page
    assert "| 0 |  | <= 0 | met |" in page


def test_times_follow_the_ratios(results: Results) -> None:
    page = report.as_markdown(results)
    assert page.index("| `cache` of 200 names | 0.500 ms | 0.400 to 0.600 |") > page.index("## Times on this machine")
    assert page.index("## Times on this machine") > page.index("| `cache` of 200 names / ")


def test_page_names_the_machine(results: Results) -> None:
    page = report.as_markdown(results)
    assert "Measured on Abacus 3000, 3 cores: Linux 6 (x86_64), CPython 3.11, OpenAL libopenal.so." in page
    assert "3 sounds." in page


def test_peer_table_compares_libraries(results: Results) -> None:
    """A library without results is left out."""
    rows = report.peer_table(results)
    assert rows[0] == ["", "pyglet_palace", "pyglet.media", "pygame-ce"]
    assert ["play a sound", "6.00 us", "150 us", "0.250 us"] in rows
    assert ["load the WAV files", "10.00 ms", "20.00 ms", "-"] in rows
    assert rows[1] == ["reads", "all", "all", "-"]


def test_ratio_of_one_process_is_preferred(results: Results) -> None:
    """Ratios of alternating calls replace ratios of medians of two processes."""
    rows = report.ratio_table(results)
    assert rows[0] == ["", "pyglet.media", "pygame-ce", "target", ""]
    assert ["play a sound", "24.00 x", "0.042 x", ">= 30 x (pyglet.media)", "**not met**"] in rows
    assert ["load the WAV files", "2.00 x", "-", ">= 1 x", "met"] in rows


def test_target_without_a_ratio_is_open() -> None:
    row = next(row for row in COMPARISONS if row.key == "play")
    assert row.met({"pygame-ce": 0.1}) is None
    assert row.met({"pygame-ce": 0.1, "pyglet.media": 31.0}) is True


def test_speed_ratio_counts_more_as_better() -> None:
    series = {"peers.background.rate.pyglet_palace": [100.0], "peers.background.rate.arcade": [50.0]}
    row = next(row for row in COMPARISONS if row.key == "background.rate")
    assert _results(series).ratios(row) == {"arcade": 2.0}


def test_faster_library_is_explained(results: Results) -> None:
    (sentence,) = report.faster(results)
    assert sentence.startswith("pygame-ce: play a sound (24.00 x). Its play is one call")


def test_partial_reader_is_not_faster() -> None:
    """A library that reads fewer kinds of file is not faster in loading all that it reads."""
    rates = {"peers.background.rate.pyglet_palace": [1.0], "peers.background.rate.pyglet.media": [900.0]}
    series = {**SERIES, **rates}
    assert len(report.faster(_results(series))) == 2
    more = {**series, "peers.load.MP3.pyglet_palace": [10.0]}
    assert len(report.faster(_results(more))) == 1


def test_growth_is_relative_to_the_first_count(results: Results) -> None:
    assert report.growth_table(results, "names") == [["names", "10", "1,000"], ["`preload`", "1.00 x", "30.00 x"]]


def test_comparisons_have_reasons() -> None:
    assert {row.key.partition(".")[0] for row in COMPARISONS} == set(REASONS)
    assert {name for row in REASONS.values() for name in row} <= set(libraries())
    assert reason("load.Opus", "pygame-ce") == REASONS["load"]["pygame-ce"]


def test_page_hides_error_paths(results: Results) -> None:
    page = report.section(results, None)
    assert page.count("arcade is not installed") == 1
    assert "somebody" not in page
    assert "somebody" in report.as_text(results)


def test_page_is_rewritten_between_markers(results: Results, tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\n\nafter\n")
    report.rewrite_page(page, results, "growth.png")
    once = page.read_text()
    assert once == f"before\n\n{report.section(results, 'growth.png')}\n\nafter\n"
    assert "![Growth of costs](growth.png)" in once
    report.rewrite_page(page, results, "growth.png")
    assert page.read_text() == once


@pytest.mark.parametrize(
    "text", ["", f"{report.BEGIN}", f"{report.END}{report.BEGIN}", f"{report.BEGIN * 2}{report.END}"]
)
def test_wrong_markers_raise(text: str) -> None:
    with pytest.raises(ValueError, match="must contain one"):
        report.rewrite(text, "new")


def test_performance_page_has_markers() -> None:
    from benchmarks.__main__ import ROOT

    assert "new" in report.rewrite(
        (ROOT / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8"), "new"
    )


def test_results_survive_serialization(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(path)
    again = Results.read(path)
    assert again.summaries == results.summaries
    assert again.failed == results.failed != {}
    assert report.as_text(again) == report.as_text(results)


def test_times_are_values_of_pyperf(results: Results) -> None:
    benchmark = results.suite.get_benchmark("cache")
    assert benchmark.get_unit() == "second"
    assert benchmark.median() == pytest.approx(0.0005)


def test_rounds_are_merged() -> None:
    """Times, and the samples that pyperf does not accept as values."""
    results, more = _results(SERIES), _results({"cache": [0.9], "calls.all": [-3.0], "play.ratio": [1.5]})
    results.suite.add_runs(more.suite)
    assert results.summaries["cache"].high == pytest.approx(0.9)
    assert results.summaries["cache"].count == 4
    assert results.summaries["calls.all"].low == -3
    assert results.median("play.ratio") == 2.0


def test_file_does_not_name_the_host(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    assert "hostname" not in text
    assert sys.executable not in text


def test_pictures_match_the_results(results: Results, tmp_path: Path) -> None:
    assert [path.name for path in plot.draw(results, tmp_path)] == ["targets.png", "peers.png", "growth.png"]
    assert plot.draw(_results({}), tmp_path) == []


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
