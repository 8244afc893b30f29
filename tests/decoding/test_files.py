"""Copies of files that libsndfile could read through Python only."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import pytest

from pyglet_palace._decoding import files
from pyglet_palace._decoding.files import copy_for_libsndfile

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = os.urandom(5_000_000)  # several blocks


@pytest.fixture(params=["in memory", "in a temporary file"])
def _place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in a temporary file":
        monkeypatch.delattr(os, "memfd_create", raising=False)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@pytest.mark.usefixtures("_place")
def test_copy_has_the_rest_of_the_file() -> None:
    before = open_descriptors()
    source = io.BytesIO(b"read already" + DATA)
    source.seek(12)

    copy = copy_for_libsndfile(source, len(DATA))

    assert copy is not None
    assert copy.size == len(DATA)
    assert copy.file.read() == DATA
    assert isinstance(copy.native, int)
    assert os.pread(copy.native, 100, 1_000_000) == DATA[1_000_000:1_000_100]
    copy.close()
    assert open_descriptors() == before


@pytest.mark.usefixtures("_place")
@pytest.mark.parametrize(
    ("most", "goes_on", "size"),
    [(len(DATA) - 1, lambda: True, None), (10, lambda: True, None), (10**9, lambda: False, 0)],
)
def test_copy_stops_at_limit_or_on_demand(most: int, goes_on: Callable[[], bool], size: int | None) -> None:
    before = open_descriptors()
    copy = copy_for_libsndfile(io.BytesIO(DATA), most, goes_on)
    assert (copy and copy.size) == size
    if copy is not None:
        copy.close()
    assert open_descriptors() == before


@pytest.mark.usefixtures("_place")
def test_read_error_leaks_no_descriptor() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the disk is gone")
            return super().read(size)

    before = open_descriptors()
    with pytest.raises(OSError, match="the disk is gone") as caught:
        copy_for_libsndfile(Broken(DATA), 10**9)
    assert open_descriptors() == before  # though the traceback still refers to the copy
    del caught


def test_temporary_file_replaces_memfd(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise OSError("not in this sandbox")

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    copy = copy_for_libsndfile(io.BytesIO(DATA), 10**9)
    assert copy is not None
    assert copy.file.read() == DATA
    copy.close()


def test_no_place_means_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.sys, "platform", "win32")
    assert copy_for_libsndfile(io.BytesIO(DATA), 10**9) is None
