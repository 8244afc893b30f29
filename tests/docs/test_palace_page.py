"""docs/coming-from/palace.md lists every public name of palace 0.2.2, and describes this package correctly."""

from __future__ import annotations

import inspect

import pytest

import pyglet_palace as palace
from tests.palace_page import CONSTANTS, FUNCTIONS, PROPERTIES, REACHED, Row, access, class_of, found, value_of, written

#: The public names of palace 0.2.2: ``__all__`` without the classes, and the members of each class.
PALACE = {
    "Names": """FALSE TRUE DONT_CARE FREQUENCY MONO_SOURCES STEREO_SOURCES MAX_AUXILIARY_SENDS OUTPUT_LIMITER
        CHANNEL_CONFIG MONO STEREO QUAD X51 X61 X71 SAMPLE_TYPE BYTE UNSIGNED_BYTE SHORT UNSIGNED_SHORT INT
        UNSIGNED_INT FLOAT HRTF HRTF_ID sample_types channel_configs device_names reverb_preset_names
        decoder_factories distance_models""",
    "Functions": """current_fileio use_fileio query_extension thread_local current_context use_context cache free decode
        sample_size sample_length""",
    "DeviceNames": "basic full capture",
    "Device": """query_extension reset pause_dsp resume_dsp close name basic_name alc_version efx_version frequency
        max_auxiliary_sends hrtf_names hrtf_enabled current_hrtf clock_time""",
    "Context": """destroy start_batch end_batch is_supported update device listener message_handler
        async_wake_interval available_resamplers default_resampler_index doppler_factor speed_of_sound
        distance_model""",
    "Listener": "gain position velocity orientation meters_per_unit",
    "Buffer": """from_decoder play destroy name length length_seconds frequency channel_config sample_type size
        loop_points sources source_count""",
    "Source": """stop fade_out_to_stop pause resume destroy playing paused group priority offset latency
        offset_seconds latency_seconds looping pitch gain gain_range distance_range position velocity
        orientation cone_angles outer_cone_gains rolloff_factors doppler_factor relative radius
        stereo_angles spatialize resampler_index air_absorption_factor gain_auto sends filter""",
    "SendPath": "filter effect",
    "AuxiliarySends": "",
    "SourceGroup": "pause_all resume_all stop_all destroy parent_group gain pitch sources sub_groups",
    "BaseEffect": "destroy slot_gain source_sends use_count",
    "ReverbEffect": """send_auto density diffusion gain gain_hf gain_lf decay_time decay_hf_ratio decay_lf_ratio
        reflections_gain reflections_delay reflections_pan late_reverb_gain late_reverb_delay
        late_reverb_pan echo_time echo_depth modulation_time modulation_depth air_absorption_gain_hf
        hf_reference lf_reference room_rolloff_factor decay_hf_limit""",
    "ChorusEffect": "waveform phase depth feedback delay",
    "Decoder": "seek read play frequency channel_config sample_type length length_seconds loop_points",
    "BaseDecoder": "seek read frequency channel_config sample_type length loop_points",
    "DecoderNamespace": "",
    "FileIO": "read seek close",
    "MessageHandler": "device_disconnected source_stopped source_force_stopped buffer_loading resource_not_found",
}  # fmt: skip

#: Classes that palace supports in `with`, comparisons and truth tests.
MORTAL = ("Device", "Context", "Buffer", "Source", "SourceGroup", "BaseEffect", "ReverbEffect", "ChorusEffect")


def test_page_lists_every_palace_name() -> None:
    for section, names in PALACE.items():
        on_page = [row.name for row in (*CONSTANTS, *FUNCTIONS, *PROPERTIES) if row.section == section]
        members = [name for name in on_page if name != section]
        assert sorted(members) == sorted(names.split()), section
    assert {row.section for row in (*CONSTANTS, *FUNCTIONS, *PROPERTIES)} <= set(PALACE)


def test_palace_exports_are_exported() -> None:
    classes = set(PALACE) - set(REACHED) - {"Names", "Functions"}
    exported = classes | set(PALACE["Names"].split()) | set(PALACE["Functions"].split())
    assert len(exported) == 55
    assert exported <= set(palace.__all__)


@pytest.mark.parametrize("row", [row for row in CONSTANTS if row["here"][0] in "0123456789("], ids=repr)
def test_constants_match_the_page(row: Row) -> None:
    assert getattr(palace, row.name) == value_of(row["here"])


def test_reverb_presets_match_the_page() -> None:
    (row,) = (row for row in CONSTANTS if row.name == "reverb_preset_names")
    assert row["here"].startswith(f"a tuple of {len(palace.reverb_preset_names)},")
    assert isinstance(palace.reverb_preset_names, tuple)


@pytest.mark.parametrize("row", FUNCTIONS, ids=repr)
def test_signatures_match_the_page(row: Row) -> None:
    assert found(row) == written(row["here"])


@pytest.mark.parametrize("row", FUNCTIONS, ids=repr)
def test_palace_calls_are_accepted(row: Row) -> None:
    """Arguments of palace are accepted at the same position. The page lists each parameter with another name."""
    theirs, ours = written(row["palace 0.2.2"]), found(row)
    for (name, _, default), (our_name, kind, our_default) in zip(theirs, ours, strict=False):
        assert kind is inspect.Parameter.POSITIONAL_OR_KEYWORD or "passed by position" in row["difference"]
        assert name == our_name or "parameter's name" in row["difference"]
        assert our_default == default or row["here"] != row["palace 0.2.2"]
        assert default is inspect.Parameter.empty or our_default is not inspect.Parameter.empty
    more = [default for _, kind, default in ours[len(theirs) :] if kind is not inspect.Parameter.VAR_KEYWORD]
    assert inspect.Parameter.empty not in more


@pytest.mark.parametrize("row", PROPERTIES, ids=repr)
def test_property_access_matches_the_page(row: Row) -> None:
    assert access(class_of(row.section), row.name) == row["here"]
    assert set(row["palace 0.2.2"].split(", ")) <= set(row["here"].split(", ")), "less than in palace"


@pytest.mark.parametrize("name", MORTAL)
def test_lifetime_methods_match_palace(name: str) -> None:
    """Context managers, comparisons and truth values."""
    cls = getattr(palace, name)
    for special in ("__enter__", "__exit__", "__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__", "__bool__"):
        assert callable(getattr(cls, special)), special
    assert cls.__lt__ is not object.__lt__
