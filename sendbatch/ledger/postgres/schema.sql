-- The tables of a record in PostgreSQL. Any number of records stand in them; `record` says which one a row is of.
-- Times are seconds since the epoch, by the clock of the database. Text is compared by its bytes.
--
-- Beside a primary key that begins with the record no index does, but for a part of the rows: while a table has few rows
-- all of them look alike to the planner, and a plan that it keeps would go through all rows of a record later on.

CREATE TABLE sendbatch.about (version integer NOT NULL, written_by text NOT NULL);

-- Whose record: the project's, by name, edition and, where the profile does not deliver, the profile.
-- Ids of rows and deliveries, tokens, and ids of attempts are counted on and never used again.
CREATE TABLE sendbatch.record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    edition text COLLATE "C" NOT NULL, profile text COLLATE "C" NOT NULL,
    made_at double precision NOT NULL,
    next_id bigint NOT NULL DEFAULT 1, next_token bigint NOT NULL DEFAULT 1,
    next_attempt bigint NOT NULL DEFAULT 1,
    state text COLLATE "C" NOT NULL DEFAULT 'open', moved_to text,
    UNIQUE (project, name, edition, profile)
);
CREATE TABLE sendbatch.meta (
    record bigint NOT NULL REFERENCES sendbatch.record ON DELETE CASCADE,
    key text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL, PRIMARY KEY (record, key)
);
CREATE TABLE sendbatch.plan (
    record bigint NOT NULL REFERENCES sendbatch.record ON DELETE CASCADE,
    id bigint NOT NULL, inputs text COLLATE "C" NOT NULL, started_at double precision NOT NULL,
    completed_at double precision, columns text COLLATE "C" NOT NULL,
    recipients_digest text COLLATE "C" NOT NULL, content_digest text COLLATE "C" NOT NULL,
    counts text COLLATE "C" NOT NULL, rows bigint NOT NULL, PRIMARY KEY (record, id)
);
-- As in SQLite: what the CSV says of somebody by the plan whose `rows` is this number, a token: so two who plan
-- at once never write into one plan; and, from the first attempt on, what was tried (`delivery`).
CREATE TABLE sendbatch.plan_row (
    record bigint NOT NULL, id bigint NOT NULL, plan bigint NOT NULL, "row" bigint NOT NULL,
    key text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL, vars text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL
        CHECK (status IN ('pending', 'invalid', 'filtered', 'suppressed', 'duplicate')),
    why text COLLATE "C", detail text COLLATE "C", delivery bigint,
    PRIMARY KEY (record, id)
);
CREATE INDEX plan_row_delivery ON sendbatch.plan_row (record, delivery) WHERE delivery IS NOT NULL;
-- `attempt` is the id of the newest intent: an answer settles that one alone.
CREATE TABLE sendbatch.delivery (
    record bigint NOT NULL, id bigint NOT NULL, key text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL
        CHECK (status IN ('pending', 'sending', 'accepted', 'deferred', 'rejected', 'failed', 'in_doubt')),
    was text COLLATE "C"
        CHECK (was IN ('pending', 'sending', 'accepted', 'deferred', 'rejected', 'failed', 'in_doubt')),
    attempts bigint NOT NULL, due_at double precision,
    code integer, enhanced_code text COLLATE "C", reply text COLLATE "C", why text COLLATE "C",
    detail text COLLATE "C", content text COLLATE "C", vars text COLLATE "C", dated_at double precision,
    first_attempt_at double precision, finished_at double precision, gone bigint, attempt bigint,
    PRIMARY KEY (record, id)
) WITH (fillfactor = 70);
CREATE INDEX delivery_due ON sendbatch.delivery (record, due_at) WHERE status = 'deferred';
CREATE INDEX delivery_sending ON sendbatch.delivery (record, id) WHERE status = 'sending';
CREATE INDEX delivery_gone ON sendbatch.delivery (record, gone) WHERE gone IS NOT NULL;
-- What is kept of somebody's story, as in SQLite after a fold: how an attempt ended, under the id of its intent.
-- Ids are handed out in parts to each runner: the order of what happened is that of `at`.
CREATE TABLE sendbatch.attempt (
    record bigint NOT NULL, id bigint NOT NULL, delivery bigint NOT NULL, what text COLLATE "C" NOT NULL,
    at double precision, status text COLLATE "C" NOT NULL, was text COLLATE "C", attempts bigint NOT NULL,
    due_at double precision, code integer, enhanced_code text COLLATE "C", reply text COLLATE "C",
    why text COLLATE "C", detail text COLLATE "C", content text COLLATE "C", dated_at double precision,
    first_attempt_at double precision, finished_at double precision, email text COLLATE "C",
    PRIMARY KEY (record, id)
);
CREATE INDEX attempt_delivery ON sendbatch.attempt (delivery, record);
CREATE TABLE sendbatch.event (
    record bigint NOT NULL REFERENCES sendbatch.record ON DELETE CASCADE,
    id bigint GENERATED ALWAYS AS IDENTITY, at double precision NOT NULL, kind text COLLATE "C" NOT NULL,
    detail text COLLATE "C" NOT NULL, told bigint, PRIMARY KEY (record, id)
);
-- By which a commit that is made again tells of an event once.
CREATE UNIQUE INDEX event_told ON sendbatch.event (record, told) WHERE told IS NOT NULL;
-- Who was forgotten: the hash of a key that was theirs, and what stands in its place.
CREATE TABLE sendbatch.forgotten (
    record bigint NOT NULL REFERENCES sendbatch.record ON DELETE CASCADE,
    mark text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, at double precision NOT NULL,
    PRIMARY KEY (record, mark)
);

-- The one run that there is of a record, by whom and until when it is planned, and what all who join must share.
CREATE TABLE sendbatch.run (
    record bigint PRIMARY KEY REFERENCES sendbatch.record ON DELETE CASCADE,
    id bigint NOT NULL, state text COLLATE "C" NOT NULL, options text COLLATE "C" NOT NULL,
    joined boolean NOT NULL, token bigint NOT NULL, until double precision NOT NULL,
    content text COLLATE "C" NOT NULL, server text COLLATE "C" NOT NULL, version text COLLATE "C" NOT NULL,
    streak text COLLATE "C" NOT NULL DEFAULT '', began_at double precision,
    selects text COLLATE "C" NOT NULL DEFAULT ''
);
-- Deliveries `first` to `last`, by id, and who may send them: whoever has its token. All blocks of a run follow one
-- another without a gap, so that each delivery is in one. `state` is "open", "held" until then, or "done".
CREATE TABLE sendbatch.block (
    record bigint NOT NULL REFERENCES sendbatch.record ON DELETE CASCADE,
    first bigint NOT NULL, last bigint NOT NULL, token bigint NOT NULL, owner bigint,
    until double precision, state text COLLATE "C" NOT NULL, due_at double precision,
    PRIMARY KEY (record, first)
) WITH (fillfactor = 50);
CREATE INDEX block_state ON sendbatch.block (state, record, first);
-- Whom the run is about, where --only ("scope") or --limit say so ("chosen" may be sent to, "left" were to be
-- sent to again by a person's word, and are left over); `run.selects` has those kinds that hold.
CREATE TABLE sendbatch.chosen (
    record bigint NOT NULL, kind text COLLATE "C" NOT NULL, id bigint NOT NULL, PRIMARY KEY (record, kind, id)
);
-- Who sends, or plans; `committed` counts its commits, `stopped_by` has asked it to end.
CREATE TABLE sendbatch.runner (
    record bigint NOT NULL REFERENCES sendbatch.record ON DELETE CASCADE,
    id bigint NOT NULL, host text COLLATE "C" NOT NULL, pid integer NOT NULL, since double precision NOT NULL,
    seen_at double precision NOT NULL, state text COLLATE "C" NOT NULL, sent bigint NOT NULL DEFAULT 0,
    speed double precision, committed bigint NOT NULL DEFAULT 0, stopped_by text COLLATE "C",
    PRIMARY KEY (record, id)
) WITH (fillfactor = 50);

-- What all runs that share this database have of an account together: a host and a salted hash of the user name.
CREATE TABLE sendbatch.salt (value text COLLATE "C" NOT NULL);
INSERT INTO sendbatch.salt VALUES (gen_random_uuid()::text || gen_random_uuid()::text);
-- Where each rate stands: `at` is when its next message may go, `taken` how many were leased so far; and who asks.
CREATE TABLE sendbatch.lease (
    account text COLLATE "C" NOT NULL, "limit" text COLLATE "C" NOT NULL,
    at double precision NOT NULL, taken bigint NOT NULL DEFAULT 0, PRIMARY KEY (account, "limit")
) WITH (fillfactor = 50);
CREATE TABLE sendbatch.taker (
    account text COLLATE "C" NOT NULL, "limit" text COLLATE "C" NOT NULL, sender text COLLATE "C" NOT NULL,
    at double precision NOT NULL, PRIMARY KEY (account, "limit", sender)
) WITH (fillfactor = 50);
-- Who sends through an account, with how many connections, which lapse at `until`, and what it has learned there.
CREATE TABLE sendbatch.sender (
    account text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, campaign text COLLATE "C" NOT NULL,
    since double precision NOT NULL, until double precision NOT NULL, connections integer NOT NULL,
    unbuildable bigint NOT NULL, lessons text COLLATE "C" NOT NULL, learned_at double precision NOT NULL,
    PRIMARY KEY (account, id)
) WITH (fillfactor = 50);
-- What was used of quotas, as in the file usage.sqlite.
CREATE TABLE sendbatch.used (
    account text COLLATE "C" NOT NULL, host text COLLATE "C" NOT NULL, domain text COLLATE "C" NOT NULL,
    "window" integer NOT NULL, part double precision NOT NULL, count bigint NOT NULL,
    PRIMARY KEY (account, domain, "window", part)
);
CREATE INDEX used_host ON sendbatch.used (host);
