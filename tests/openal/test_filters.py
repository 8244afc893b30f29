"""Filters: on the direct path and on a send, by how much at which frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import RATE, patch_al

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Play = Callable[[palace.Source], Any]

#: What OpenAL Soft's filters are about: low frequencies, the middle, high frequencies, in hertz.
LOW, MIDDLE, HIGH = 250, 1000, 5000


@pytest.fixture
def chord(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    """Three sines, one at each of the frequencies above."""
    data = sum(sounds.tone(1.0, frequency, 0.1) for frequency in (LOW, MIDDLE, HIGH))
    return palace.Buffer(sounds.write(tmp_path / "chord.wav", data, subtype="FLOAT"))


def spectrum(out: Any) -> Any:
    """How loud LOW, MIDDLE and HIGH are."""
    half = out[-RATE // 2 :].sum(axis=1)  # half a second: whole waves of each
    return np.abs(np.fft.rfft(half))[[LOW // 2, MIDDLE // 2, HIGH // 2]] * 2 / len(half)


def direct(source: palace.Source, through: tuple[float, float, float]) -> None:
    source.filter = through


def by_send(source: palace.Source, through: tuple[float, float, float]) -> None:
    source.filter = (0, 1, 1)
    source.sends[0].effect = palace.EqualizerEffect()  # which changes nothing
    source.sends[0].filter = through


PATHS = pytest.mark.parametrize("path", [direct, by_send])

#: Filter: factor at LOW, MIDDLE, HIGH. The middle is within the slopes, of 6 dB an octave.
FILTERS: dict[tuple[float, float, float], tuple[float, float, float]] = {
    (0.5, 1, 1): (0.5, 0.5, 0.5),
    (1, 0.1, 1): (1, 0.94, 0.1),
    (1, 1, 0.1): (0.1, 0.85, 1),
    (1, 0.1, 0.1): (0.1, 0.8, 0.1),
    (0.5, 0.1, 0.2): (0.1, 0.45, 0.05),
    (0, 1, 1): (0, 0, 0),
    (1, 0, 1): (0.4, 0.03, 0),
    (1, 1, 0): (0, 0.02, 0.4),
}


@PATHS
@pytest.mark.parametrize(("through", "factors"), FILTERS.items())
def test_filters_attenuate_as_set(
    path: Any, through: Any, factors: Any, chord: palace.Buffer, device: palace.LoopbackDevice
) -> None:
    source = palace.Source()
    path(source, (1, 1, 1))
    chord.play(source)
    loud = spectrum(device.render(RATE))
    path(source, through)
    chord.play(source)
    np.testing.assert_allclose(spectrum(device.render(RATE)) / loud, factors, atol=0.012)


@PATHS
def test_filter_may_change_while_playing(path: Any, chord: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = palace.Source()
    source.looping = True
    path(source, (1, 0.1, 1))
    chord.play(source)
    filtered = spectrum(device.render(RATE))
    path(source, (1, 1, 1))
    open_ = spectrum(device.render(RATE))
    path(source, (1, 0.1, 1))
    np.testing.assert_allclose(spectrum(device.render(RATE)), filtered, rtol=0.01)
    assert filtered[2] / open_[2] == pytest.approx(0.1, abs=0.01)


def test_filters_are_readable(context: palace.Context) -> None:
    source = palace.Source()
    assert source.filter == source.sends[0].filter == (1.0, 1.0, 1.0)
    source.filter = source.sends[1].filter = (2, 0.5, -1)
    assert source.filter == source.sends[1].filter == (1.0, 0.5, 0.0)
    assert source.sends[0].filter == (1.0, 1.0, 1.0)


def test_wrong_filter_changes_nothing(context: palace.Context) -> None:
    source = palace.Source()
    source.filter = source.sends[0].filter = (1, 0.5, 1)
    with pytest.raises(ValueError, match=r"filter\[2\] is nan; it must be a number other than NaN"):
        source.filter = (1, 1, float("nan"))
    with pytest.raises(ValueError, match=r"sends\[0\].filter\[0\] is nan; it must be a number other than NaN"):
        source.sends[0].filter = (float("nan"), 1, 1)
    with pytest.raises(TypeError, match=r"sends\[0\].filter is 1"):
        source.sends[0].filter = 1  # type: ignore[assignment]
    assert source.filter == source.sends[0].filter == (1.0, 0.5, 1.0)


@PATHS
def test_filter_moves_to_the_next_voice(
    path: Any, chord: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    source = palace.Source()
    path(source, (1, 0.1, 1))
    chord.play(source)
    first = spectrum(device.render(RATE))
    source.stop()
    device.render(4096)
    plain = spectrum(chord.play() and device.render(RATE))
    context.update()
    assert context.stats()["voices"] == 1
    assert plain[2] / plain[0] == pytest.approx(1, abs=0.01)
    chord.play(source)
    again = spectrum(device.render(RATE))
    np.testing.assert_allclose(again, first, rtol=0.01)
    assert again[2] / again[0] == pytest.approx(0.1, abs=0.01)


def test_no_filter_object_leaks(chord: palace.Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    al = palace.Source().context._engine.al
    made: set[int] = set()
    generate, delete = al.generate_filter, al.delete_filter

    def generated() -> int:
        made.add(number := generate())
        return number

    def deleted(number: int) -> None:
        delete(number)
        made.remove(number)

    monkeypatch.setattr(al, "generate_filter", generated)
    monkeypatch.setattr(al, "delete_filter", deleted)
    source = palace.Source()
    chord.play(source)
    by_send(source, (1, 0.5, 0.5))
    source.filter = (0.5, 1, 0.5)
    source.stop()
    assert not made


def test_without_efx_one_warning_is_logged(
    chord: palace.Buffer, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(palace._common.log, "_warned", set())
    patch_al(monkeypatch, "alGenFilters", None)
    source = palace.Source()
    source.filter = (0, 1, 1)
    for _ in range(2):
        chord.play(source)
        assert spectrum(device.render(RATE)).min() > 0.05
    source.filter = (0.5, 1, 1)
    assert source.filter == (0.5, 1.0, 1.0)
    assert [record.getMessage() for record in caplog.records] == ["filter does nothing: this OpenAL has no ALC_EXT_EFX"]
