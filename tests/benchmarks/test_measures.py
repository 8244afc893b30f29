"""The measures of the benchmarks, and one run of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pyperf
import pytest

from benchmarks import __main__ as command
from benchmarks import frames, processes, sounds, tuning
from benchmarks.comparisons import SECTIONS
from benchmarks.config import Config
from benchmarks.figures import MEASURES, Measure, figures
from benchmarks.results import samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    sounds.generate(tmp_path, sounds.Recipe(short=5, music=0, large=40_000, streamed=0.5, many=500, short_wav=2))
    found = tuple(sounds.found_in(tmp_path / "set"))
    folder = str(tmp_path / "set")
    return Config(folder, str(tmp_path), found, seconds=0.05, windows=1, repeats=1, names=(10,))


def _measure(key: str) -> Measure:
    return next(measure for some in MEASURES.values() for measure in some if key in [f.key for f in measure.figures])


def test_targets_are_no_times() -> None:
    """A target is for a ratio, a count or a difference to a control: never for a time on one machine."""
    differences = {"frames.25.difference": "frames.25.control", "calls.all": "calls.control"}
    differences["calls.own"] = "calls.control"
    keys = {figure.key for figure in figures()}
    for figure in figures():
        if figure.target is not None and figure.unit not in ("x", "", "%", "MB"):
            assert differences[figure.key] in keys


@pytest.mark.parametrize("task", [task for tasks in SECTIONS.values() for task in tasks], ids=str)
def test_every_task_is_callable(task: processes.Task) -> None:
    assert callable(task.resolve())


@pytest.mark.parametrize(
    "key",
    [
        "busy.50.ratio",
        "cache",
        "calls.all",
        "cancel",
        "disk.ratio",
        "group",
        "import",
        "many_results.longest",
        "overhead",
        "play",
    ],
)
def test_measure_returns_its_figures(config: Config, key: str) -> None:
    measure = _measure(key)
    series = samples(processes.run(measure.task, config))
    assert {figure.key for figure in measure.figures} <= set(series)
    assert all(series.values())


def test_frames_are_measured_with_load(config: Config) -> None:
    """And without load."""
    series = samples(processes.run(processes.Task("frames:lateness", "25"), config))
    assert len(series["frames.25.idle"]) == 2
    assert len(series["frames.25.difference"]) == len(series["frames.25.loading"]) == 1
    assert len(series["frames.25.own"]) == 1


def test_setters_of_libraries_are_compared(config: Config) -> None:
    results = samples(processes.run(processes.Task("peer_measures:playing", "pyglet.media"), config))
    assert {f"ratio.{key}.pyglet.media" for key in ("play", "volume", "position", "update")} <= set(results)


def test_windows_alternate() -> None:
    """And a window with a load differs from the mean of those around it."""
    loads = Mock()
    order: list[str] = []
    idle = iter([1.0, 3.0, 1.0])
    loading = iter([5.0, 6.0])

    def next_of(name: str, values: Iterator[float]) -> float:
        order.append(name)
        return next(values)

    without, with_load = frames.windows(2, lambda: next_of("idle", idle), lambda: next_of("loading", loading), loads)
    assert order == ["idle", "loading", "idle", "loading", "idle"]
    assert loads.stop.call_count == 2
    assert frames.differences(without, with_load) == [3.0, 4.0]


def test_waits_for_a_core_are_counted() -> None:
    """A frame waits no longer for a core than it takes, which is a frame and its lateness."""
    waits: list[float] = []
    late = frames.frame_lateness(0.05, 0.0, lambda: None, waits=waits)
    assert len(waits) == len(late) > 0
    assert all(0 <= wait < (frames.FRAME * 1e3 + one) + 1 for wait, one in zip(waits, late, strict=True))


def test_config_survives_serialization(config: Config) -> None:
    assert Config.from_json(config.to_json()) == config


def test_failed_measure_reports_the_cause(config: Config) -> None:
    with pytest.raises(processes.MeasureFailed, match="no_such_measure"):
        processes.run(processes.Task("playing:no_such_measure"), config)


def test_missing_library_is_skipped(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(task: processes.Task, config: Config) -> None:
        raise processes.MeasureFailed("benchmarks: ModuleNotFoundError: No module named 'pygame'")

    monkeypatch.setattr(command, "run", missing)
    task = processes.Task("peer_measures:loading", "pygame-ce")
    assert command.measure([task], config, 2) == (
        None,
        {"peer_measures:loading pygame-ce": "pygame-ce is not installed"},
    )


def test_run_writes_json_page_and_picture(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "prepare", lambda options: config)
    command.main(["--only", "import", "--rounds", "1", "--out", str(tmp_path)])
    results = pyperf.BenchmarkSuite.load(str(tmp_path / "results.json"))
    assert results.get_benchmark("import").get_unit() == "second"
    assert (tmp_path / "targets.png").read_bytes().startswith(b"\x89PNG")
    assert "import pyglet_palace" in (tmp_path / "results.md").read_text()


def test_pictures_need_matplotlib(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "prepare", lambda options: config)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    command.main(["--only", "import", "--rounds", "1", "--out", str(tmp_path)])
    assert "matplotlib is not installed" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png"))


def _cell(variant: tuning.Variant, late: float, rate: float) -> tuning.Cell:
    series = {"difference": [late], "rate": [rate], "idle.p99": [0.1, 0.2]}
    return tuning.Cell(variant, tuning.SITUATIONS[0], series)


def test_tuning_draws_conclusions() -> None:
    ours = tuning.default()
    other = tuning.Variant("8 MiB", 3, "IDLE")
    (sentence,) = tuning.conclusions([_cell(ours, 5.0, 90.0), _cell(other, 0.5, 100.0)])
    assert f"[{other}] (0.500 ms, 100 MB/s) has the least late frames" in sentence
    assert "is later by 4.50 ms" in sentence
    assert "at 90% of the best rate" in sentence
    (sentence,) = tuning.conclusions([_cell(ours, 0.7, 100.0), _cell(other, 0.1, 1.0)])
    assert "is as late (noise: 1.00 ms)" in sentence
    assert f"Starved: {other}." in sentence
    (sentence,) = tuning.conclusions([_cell(ours, 1.0, 10.0), _cell(other, 9.0, 100.0)])
    assert "is less late by 8.00 ms" in sentence


def test_tuning_covers_all_choices() -> None:
    tried = tuning.variants()
    assert tried[0] == tuning.default()
    assert {variant.block for variant in tried} == set(tuning.BLOCKS)
    assert {variant.order for variant in tried} == set(tuning.ORDERS)
    assert {variant.workers for variant in tried} >= set(tuning.WORKERS)
