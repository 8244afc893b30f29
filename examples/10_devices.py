"""List the devices, and the capabilities of OpenAL on one of them.

Usage: python examples/10_devices.py [device]
"""

import sys

import pyglet_palace as palace

EXTENSIONS = [
    "ALC_ENUMERATE_ALL_EXT", "ALC_EXT_disconnect", "ALC_EXT_EFX", "ALC_EXT_thread_local_context", "ALC_SOFT_HRTF",
    "ALC_SOFT_device_clock", "ALC_SOFT_loopback", "ALC_SOFT_output_limiter", "ALC_SOFT_pause_device",
    "ALC_SOFT_reopen_device",
]  # fmt: skip


def show(title, names):
    print(f"{title}:", *(names or ["none"]), sep="\n  ")


show("Devices, the default first", palace.device_names.full)
show("By short names", palace.device_names.basic)
show("For recording", palace.device_names.capture)

context = palace.init(sys.argv[1] if len(sys.argv) > 1 else "")
device = context.device

print(f"\n{device.name}, at {device.frequency} Hz")
print("ALC version {}.{}".format(*device.alc_version))
print("EFX version {}.{}, {} sends a source".format(*device.efx_version, device.max_auxiliary_sends))
show("Extensions", [name for name in EXTENSIONS if device.query_extension(name)])
show("HRTFs", device.hrtf_names)
names = list(context.available_resamplers)
if names:
    names[context.default_resampler_index] += " (default)"
show("Resamplers", names)
print("Plays:")
for layout in palace.channel_configs:
    kinds = [kind for kind in palace.sample_types if context.is_supported(layout, kind)]
    print(f"  {layout}: {', '.join(kinds) or 'nothing'}")
