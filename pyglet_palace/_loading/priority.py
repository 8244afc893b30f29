"""Priority of a decoder process: below that of the game.

Where the game's main thread never sleeps, the kernel shares a core between it and a decoder process of the same
priority, and frames are late.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

#: Added to the nice value. A core that both want is the game's for three quarters of the time. With 10 it would be nine
#: tenths, but a load beside other programs that fill all cores would take more than five times as long.
_NICE = 5


def lower_priority() -> None:
    """Let the threads of the game go first. Call it before the process has started threads.

    Does nothing where a sandbox forbids it.
    """
    with suppress(OSError):
        os.nice(_NICE)
    if sys.platform != "linux":
        return
    with suppress(OSError):
        # A thread of this process that wakes up does not interrupt the main thread of the game.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.getsid(0) != os.getpid():
        return  # this is the session of another program
    # Between sessions, the value of the session counts (sched(7), autogroup).
    with suppress(OSError), open("/proc/self/autogroup", "w") as file:  # a kernel without autogroup has no such file
        file.write(str(os.getpriority(os.PRIO_PROCESS, 0)))
