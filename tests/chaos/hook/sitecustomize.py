"""Kills a run at a step that only the process itself knows of. Python loads this file where its folder is on
the path; used by tests/chaos alone.

CHAOS_STEP   the step, by its name in steps.py
CHAOS_NTH    at which time it is reached, the first being 1
CHAOS_ARMED  a file; counted is from when it exists, or at once where none is named
CHAOS_ANSWER seconds that an answer of the remote is waited for
CHAOS_SPAN   seconds that a block is for
CHAOS_PAGES  how many pages of the log make a checkpoint, CHAOS_ATTEMPTS  how many attempts make a fold
"""

import os
import re
import sqlite3
import sys

STEP, ARMED = os.environ.get("CHAOS_STEP", ""), os.environ.get("CHAOS_ARMED", "")
PAGES, ANSWER = os.environ.get("CHAOS_PAGES"), os.environ.get("CHAOS_ANSWER")
INTO_DELIVERIES = re.compile(r"\s*(INSERT|UPDATE|REPLACE)\b.*\bdelivery\b.*\battempt\b", re.S)
left = int(os.environ.get("CHAOS_NTH", "1"))
is_folding = has_folded = False


def reached(step):
    global left
    if step != STEP or (ARMED and not os.path.exists(ARMED)):
        return
    left -= 1
    if left <= 0:
        os.kill(os.getpid(), 9)


def traced(statement):
    """By SQLite, before it does this."""
    global is_folding, has_folded
    if has_folded:
        has_folded = False
        reached("after a fold")
    if INTO_DELIVERIES.match(statement):
        is_folding = True
    elif statement == "COMMIT":
        reached("before a commit of the start")
        reached("before the commit")
        if is_folding:
            reached("in a fold")
        has_folded, is_folding = is_folding, False


def connect(path, *arguments, connect=sqlite3.connect, **options):
    connection = connect(path, *arguments, **options)
    if "ledger.sqlite" in str(path):
        if PAGES:
            connection.execute(f"PRAGMA wal_autocheckpoint={PAGES}")
        if STEP:
            connection.set_trace_callback(traced)
    return connection


def composing(kind, name):
    genuine = getattr(kind, name, None)
    if genuine is None:
        return

    def compose(*arguments, **options):
        reached("while composing")
        return genuine(*arguments, **options)

    setattr(kind, name, compose)


if ANSWER and "run" in sys.orig_argv:
    from dataclasses import replace

    from sendbatch.delivery import blocks
    from sendbatch.ledger.git import place

    blocks.SPAN = float(os.environ["CHAOS_SPAN"])
    genuine_patience = place.patience_of
    place.patience_of = lambda *given: replace(genuine_patience(*given), answer=float(ANSWER))

if (STEP or PAGES) and "run" in sys.orig_argv:
    sqlite3.connect = connect
    if PAGES:
        from sendbatch.ledger.sqlite import attempts

        attempts.ENOUGH = int(os.environ["CHAOS_ATTEMPTS"])
    if STEP == "while composing":
        from sendbatch.message.compose import Composer
        from sendbatch.rendering.pool import Pool

        composing(Composer, "planned")
        composing(Pool, "render")  # a worker composes these, while the run goes on
