"""Looks at any Python that starts with this file as its `sitecustomize`: a run's process and its workers.

Each writes beside this file how many seconds of the processor it spent in which stack of functions: the
kernel's timer of processor time gives the moments, and what each thread has used since the last one goes
to where it is now. benchmarks/profile.py puts a copy where it is found.
"""

import atexit
import contextlib
import marshal
import os
import signal
import sys
import threading
import time

EVERY = 0.002  # seconds of processor time between two looks; the kernel may take longer
MAIN = threading.main_thread().ident
KIND = "sending" if os.environ.get("BENCH_FIRST") else "worker"  # whose environment is bare

seen = {}
used = {}  # by thread, in seconds
looking = False


def look(_, interrupted):
    global looking
    if looking:  # the timer came again meanwhile
        return
    looking = True
    frames = sys._current_frames()
    frames[MAIN] = interrupted  # not this very frame, which would keep itself, and all below it, for long
    for thread, frame in frames.items():
        if thread not in threading._active:  # it is about to end, and its clock may hang who asks for it
            continue
        with contextlib.suppress(OSError):
            now = time.clock_gettime(time.pthread_getcpuclockid(thread))
            found = stack_of(frame)
            seen[found] = seen.get(found, 0.0) + now - used.get(thread, 0.0)
            used[thread] = now
    looking = False


def stack_of(frame):
    """Function and file of each frame, the innermost first."""
    found = []
    while frame is not None:
        found.append((frame.f_code.co_qualname, frame.f_code.co_filename))
        frame = frame.f_back
    return tuple(found)


def write():
    signal.setitimer(signal.ITIMER_PROF, 0)
    path = os.path.join(os.path.dirname(__file__), f"{os.getpid()}.{KIND}.looks")
    with open(path, "wb") as file:
        marshal.dump(seen, file)


def leave(code, leave=os._exit):
    """A worker leaves so, without a word, when its input ends."""
    write()
    leave(code)


atexit.register(write)
os._exit = leave
signal.signal(signal.SIGPROF, look)
signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
