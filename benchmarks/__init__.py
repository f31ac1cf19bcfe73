"""What this project claims about speed and memory, measured: one script a claim.

Each runs on its own from the checkout's root, as `python -m benchmarks.throughput --people 2000
--runs 1`; `python -m benchmarks` (or `make bench`) runs all of them and writes README.md here.
"""
