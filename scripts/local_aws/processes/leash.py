"""Run a module that ends when the process that started it ends, however that one dies.

The parent holds the write end of our standard input and never writes. When it exits, even by SIGKILL, the kernel
closes the pipe and we read end-of-file. PR_SET_PDEATHSIG was not chosen: it is Linux only, and it fires when the
parent's *thread* ends.

    python -m scripts.local_aws.processes.leash scripts.local_aws.functions.engine --port 0
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 3.0


def hold() -> None:
    """Watch standard input; at its end ask this process to stop (SIGTERM), then insist (SIGKILL) after 3 seconds."""
    leash = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # what runs under the leash must not eat it
    os.close(nothing)
    threading.Thread(target=_watch, args=(leash,), name="leash", daemon=True).start()


def _watch(leash: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(leash, 64):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Entry point: the first argument is the module to run, the rest are its own."""
    hold()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
