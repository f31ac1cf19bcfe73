"""Profiles any Python that is started with this folder on its path: main process, workers, threads.

Each thread writes a file of its own into the folder that BENCH_PROFILE names. Time is CPU time of the
thread: waiting for a server, a disk or a worker is no work. Used by benchmarks/profile.py alone.
"""

import os

if into := os.environ.get("BENCH_PROFILE"):
    import atexit
    import contextlib
    import cProfile
    import marshal
    import threading
    import time

    profiles = []

    def begin(*event):
        """Takes the place of itself as the thread's profiler."""
        profile = cProfile.Profile(time.thread_time)
        profiles.append(profile)
        with contextlib.suppress(ValueError):  # from Python 3.12 on there is one for all threads
            profile.enable()

    def write():
        for number, profile in enumerate(profiles):
            # Not dump_stats, which would end what a thread is in the middle of, at another thread's time.
            profile.snapshot_stats()
            with open(os.path.join(into, f"{os.getpid()}-{number}.prof"), "wb") as file:
                marshal.dump(profile.stats, file)

    def leave(code, leave=os._exit):
        """A worker leaves so, without a word, when its input ends."""
        write()
        leave(code)

    atexit.register(write)
    os._exit = leave
    threading.setprofile(begin)
    begin()
