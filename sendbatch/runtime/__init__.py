"""The edge: clock, chance, environment, files, threads, the stop, the loop, and who watches."""
