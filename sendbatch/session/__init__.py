"""One call from end to end: the job, the run, the look, the proof, and what is shown before the question."""
