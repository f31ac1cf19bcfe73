"""Counts the calls of a Python that starts with this file as its `sitecustomize`, all its threads.

Each thread writes a file beside this one. Workers are left alone. benchmarks/profile.py puts a copy where it
is found.
"""

import os

if os.environ.get("BENCH_FIRST"):  # a worker's environment is bare
    import atexit
    import contextlib
    import cProfile
    import marshal
    import threading

    profiles = []

    def begin(*event):
        """Takes the place of itself as the thread's profiler."""
        profile = cProfile.Profile()
        profiles.append(profile)
        with contextlib.suppress(ValueError):  # from Python 3.12 on there is one for all threads
            profile.enable()

    def write():
        for number, profile in enumerate(profiles):
            # Not dump_stats, which would end what a thread is in the middle of, at another thread's time.
            profile.snapshot_stats()
            with open(os.path.join(os.path.dirname(__file__), f"{number}.calls"), "wb") as file:
                marshal.dump(profile.stats, file)

    atexit.register(write)
    threading.setprofile(begin)
    begin()
