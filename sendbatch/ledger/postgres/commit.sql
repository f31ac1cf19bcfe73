-- What a runner commits is one call: intents, answers, and what is written beside them. Whatever must be so for one
-- to hold is decided here: that the block's token is the newest, that a row is as it was said to be, that an answer is
-- that of the newest attempt. Who came back holds.
--
-- Rows come as JSON; what is null is left out. How a statement is done is planned once for each connection, when the
-- tables may be empty: so each is about one row and goes by its key, which is right however large they grow. (A join
-- with many rows was planned as a look through the table, and 6 ms instead of 0.1 at 10,000.)

-- The cells of somebody in the newest plan.
CREATE FUNCTION sendbatch.cells_of(this_record bigint, this_id bigint) RETURNS text LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    newest bigint := (SELECT p.rows FROM sendbatch.plan AS p WHERE p.record = this_record ORDER BY p.id DESC LIMIT 1);
BEGIN
    RETURN coalesce(
        (SELECT r.vars FROM sendbatch.plan_row AS r
         WHERE r.record = this_record AND r.delivery = this_id AND r.plan = newest),
        (SELECT r.vars FROM sendbatch.plan_row AS r
         WHERE r.record = this_record AND r.id = this_id AND r.delivery IS NULL AND r.plan = newest));
END $$;

-- The leases of these blocks, where they are still this runner's: which they are, by their first. Nobody takes one of
-- them before this transaction is over.
CREATE FUNCTION sendbatch.renew(
    this_record bigint, this_run bigint, lease double precision, firsts bigint[], tokens bigint[]
) RETURNS bigint[] LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    ours bigint[];
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM sendbatch.run AS n WHERE n.record = this_record AND n.id = this_run AND n.state <> 'ended'
    ) THEN
        RETURN NULL;
    END IF;
    FOR place IN 1 .. cardinality(firsts) LOOP  -- in their order, so that no two wait for each other
        UPDATE sendbatch.block AS b SET until = extract(epoch FROM clock_timestamp())::float8 + lease
        WHERE b.record = this_record AND b.first = firsts[place] AND b.token = tokens[place];
        IF FOUND THEN
            ours := ours || firsts[place];
        END IF;
    END LOOP;
    RETURN ours;
END $$;

-- Blocks of others, or of nobody by now, in which somebody can be sent to again.
CREATE FUNCTION sendbatch.wake(this_record bigint, ids bigint[], times double precision[]) RETURNS void
LANGUAGE sql AS $$
    UPDATE sendbatch.block AS b SET state = 'open',
        due_at = CASE WHEN b.state = 'done' THEN u.due_at ELSE least(b.due_at, u.due_at) END
    FROM (
        SELECT f.first, min(coalesce(u.due_at, 0)) AS due_at FROM unnest(ids, times) AS u(id, due_at),
        LATERAL (SELECT o.first, o.last FROM sendbatch.block AS o WHERE o.record = this_record
                 AND o.first <= u.id ORDER BY o.first DESC LIMIT 1) AS f
        GROUP BY f.first
    ) AS u
    WHERE b.record = this_record AND b.first = u.first AND b.state IN ('open', 'done')
$$;

-- What happened to one of a person's attempts, as a row.
CREATE TYPE sendbatch.told AS (
    id bigint, number bigint, what text, at double precision, status text, was text, attempts bigint,
    due_at double precision, code integer, enhanced_code text, reply text, why text, detail text,
    first_attempt_at double precision, finished_at double precision,
    first bigint, token bigint, stood text, tried bigint
);
-- An attempt that begins.
CREATE TYPE sendbatch.intent AS (
    id bigint, number bigint, first bigint, token bigint, content text, dated_at double precision,
    first_attempt_at double precision, stood text, tried bigint, was text
);

-- Whether this token is the newest of the block that begins here, and has this delivery.
CREATE FUNCTION sendbatch.holds(this_record bigint, first bigint, token bigint, id bigint) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM sendbatch.block AS b WHERE b.record = this_record AND b.first = holds.first
        AND b.token = holds.token AND holds.id BETWEEN b.first AND b.last);
END $$;

-- What is kept of somebody's story: for those of `told` who are among `those`.
CREATE FUNCTION sendbatch.tell(this_record bigint, told json, those bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    u sendbatch.told;
BEGIN
    FOR u IN SELECT * FROM json_populate_recordset(NULL::sendbatch.told, told) AS t WHERE t.id = ANY(those) LOOP
        INSERT INTO sendbatch.attempt (
            record, id, delivery, what, at, status, was, attempts, due_at, code, enhanced_code, reply, why, detail,
            content, dated_at, first_attempt_at, finished_at)
        SELECT this_record, u.number, u.id, u.what, u.at, u.status, u.was, u.attempts, u.due_at, u.code,
            u.enhanced_code, u.reply, u.why, u.detail, d.content, d.dated_at, u.first_attempt_at, u.finished_at
        FROM sendbatch.delivery AS d WHERE d.record = this_record AND d.id = u.id
        -- what was in doubt meanwhile is so no more
        ON CONFLICT (record, id) DO UPDATE SET
            what = excluded.what, at = excluded.at, status = excluded.status, was = excluded.was,
            attempts = excluded.attempts, due_at = excluded.due_at, code = excluded.code,
            enhanced_code = excluded.enhanced_code, reply = excluded.reply, why = excluded.why,
            detail = excluded.detail, finished_at = excluded.finished_at;
    END LOOP;
END $$;

-- What became of intents; `stories` are those of which that is kept. Returns whom it counts for. A late "accepted"
-- counts also where a person's word has made the row pending, and nobody has begun. The cells of a message that may
-- have arrived are kept: another one is no repetition.
CREATE FUNCTION sendbatch.answer(this_record bigint, answers json, stories json, undone bigint[])
RETURNS bigint[] LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    u sendbatch.told;
    came bigint[];
BEGIN
    FOR u IN SELECT * FROM json_populate_recordset(NULL::sendbatch.told, answers) LOOP
        UPDATE sendbatch.delivery AS d SET
            status = u.status, was = u.was, attempts = u.attempts, due_at = u.due_at, code = u.code,
            enhanced_code = u.enhanced_code, reply = u.reply, why = u.why, detail = u.detail,
            vars = CASE WHEN u.what IN ('doubt', 'crash') THEN sendbatch.cells_of(this_record, u.id)
                   WHEN u.status IN ('accepted', 'rejected') THEN NULL ELSE d.vars END,
            first_attempt_at = u.first_attempt_at, finished_at = u.finished_at,
            attempt = CASE WHEN u.what = 'release' THEN NULL ELSE d.attempt END
        WHERE d.record = this_record AND d.id = u.id AND d.attempt = u.number
        AND (d.status IN ('sending', 'in_doubt') OR u.what = 'accept' AND d.status = 'pending');
        IF FOUND THEN
            came := came || u.id;
        END IF;
    END LOOP;
    IF stories IS NOT NULL THEN
        PERFORM sendbatch.tell(this_record, stories, came);
    END IF;
    IF undone IS NOT NULL THEN
        DELETE FROM sendbatch.attempt AS a WHERE a.record = this_record AND a.id = ANY(undone)
        AND a.delivery = ANY(came);
    END IF;
    RETURN came;
END $$;

-- What happened to somebody without an intent: within a block that is held, where it is said that only who holds that
-- may say it; in any case only where they stand as they did (`stood` is null of whom was never tried). Returns whom it
-- counts for.
CREATE FUNCTION sendbatch.state(this_record bigint, this_run bigint, states json, stories json)
RETURNS bigint[] LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    u sendbatch.told;
    came bigint[];
    newest bigint := (SELECT p.rows FROM sendbatch.plan AS p WHERE p.record = this_record ORDER BY p.id DESC LIMIT 1);
    is_ours boolean := EXISTS (
        SELECT 1 FROM sendbatch.run AS n WHERE n.record = this_record AND n.id = this_run AND n.state <> 'ended');
BEGIN
    FOR u IN SELECT * FROM json_populate_recordset(NULL::sendbatch.told, states) LOOP
        IF u.first IS NOT NULL AND NOT (is_ours AND sendbatch.holds(this_record, u.first, u.token, u.id)) THEN
            CONTINUE;
        END IF;
        IF u.stood IS NULL THEN
            INSERT INTO sendbatch.delivery (
                record, id, key, email, status, was, attempts, due_at, code, enhanced_code, reply, why, detail,
                first_attempt_at, finished_at)
            SELECT r.record, r.id, r.key, r.email, u.status, u.was, u.attempts, u.due_at, u.code, u.enhanced_code,
                u.reply, u.why, u.detail, u.first_attempt_at, u.finished_at
            FROM sendbatch.plan_row AS r WHERE r.record = this_record AND r.id = u.id AND r.plan = newest
            AND r.status = 'pending' AND r.delivery IS NULL AND u.first IS NOT NULL
            ON CONFLICT DO NOTHING;
        ELSE
            UPDATE sendbatch.delivery AS d SET
                status = u.status, was = u.was, attempts = u.attempts, due_at = u.due_at, code = u.code,
                enhanced_code = u.enhanced_code, reply = u.reply, why = u.why, detail = u.detail,
                vars = CASE WHEN u.what IN ('doubt', 'crash') THEN sendbatch.cells_of(this_record, u.id)
                       WHEN u.status IN ('accepted', 'rejected') THEN NULL ELSE d.vars END,
                first_attempt_at = u.first_attempt_at, finished_at = u.finished_at
            WHERE d.record = this_record AND d.id = u.id AND d.status = u.stood AND d.attempts = u.tried
            AND d.gone IS NULL;
        END IF;
        IF FOUND THEN
            came := came || u.id;
        END IF;
    END LOOP;
    IF stories IS NOT NULL THEN
        PERFORM sendbatch.tell(this_record, stories, came);
    END IF;
    RETURN came;
END $$;

-- Intents (`stood` is null of whom was never tried). Returns whose holds. Too many refusals in a row stop all runners.
CREATE FUNCTION sendbatch.intend(this_record bigint, this_run bigint, intents json)
RETURNS bigint[] LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    u sendbatch.intent;
    stands bigint[];
    newest bigint := (SELECT p.rows FROM sendbatch.plan AS p WHERE p.record = this_record ORDER BY p.id DESC LIMIT 1);
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM sendbatch.run AS n WHERE n.record = this_record AND n.id = this_run AND n.state <> 'ended'
        AND n.streak NOT LIKE 'tripped%'
    ) THEN
        RETURN NULL;
    END IF;
    FOR u IN SELECT * FROM json_populate_recordset(NULL::sendbatch.intent, intents) LOOP
        IF NOT sendbatch.holds(this_record, u.first, u.token, u.id) THEN
            CONTINUE;
        END IF;
        IF u.stood IS NULL THEN
            INSERT INTO sendbatch.delivery (
                record, id, key, email, status, was, attempts, content, dated_at, first_attempt_at, attempt)
            SELECT r.record, r.id, r.key, r.email, 'sending', 'pending', 0, u.content, u.dated_at,
                u.first_attempt_at, u.number
            FROM sendbatch.plan_row AS r WHERE r.record = this_record AND r.id = u.id AND r.plan = newest
            AND r.status = 'pending' AND r.delivery IS NULL
            ON CONFLICT DO NOTHING;
        ELSE
            UPDATE sendbatch.delivery AS d SET status = 'sending', was = u.was, content = u.content,
                dated_at = u.dated_at, first_attempt_at = u.first_attempt_at, attempt = u.number
            WHERE d.record = this_record AND d.id = u.id AND d.status = u.stood AND d.attempts = u.tried
            -- and a row of the plan has this key
            AND d.gone IS NULL AND (
                EXISTS (SELECT 1 FROM sendbatch.plan_row AS r WHERE r.record = this_record AND r.delivery = u.id
                        AND r.plan = newest AND r.status = 'pending')
                OR EXISTS (SELECT 1 FROM sendbatch.plan_row AS r WHERE r.record = this_record AND r.id = u.id
                           AND r.delivery IS NULL AND r.plan = newest AND r.status = 'pending'));
        END IF;
        IF FOUND THEN
            stands := stands || u.id;
        END IF;
    END LOOP;
    RETURN stands;
END $$;

-- All of it. `blocks` and `tokens` are those in which something begins; `clears` ends the run's row of refusals.
-- `heard_at` is null where this runner has no place in the record any more. It is on the server's disk, and on a
-- standby's where one is waited for, once it is answered.
CREATE PROCEDURE sendbatch.commit(
    this_record bigint, this_run bigint, this_runner bigint, lease double precision,
    number bigint, accepted bigint, clears boolean,
    blocks bigint[], tokens bigint[], woken bigint[], woken_at double precision[],
    answers json, answer_stories json, undone bigint[], states json, state_stories json,
    intents json,
    INOUT ours bigint[], INOUT came bigint[], INOUT stands bigint[], INOUT heard_at double precision
) LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true);
    IF blocks IS NOT NULL THEN
        ours := sendbatch.renew(this_record, this_run, lease, blocks, tokens);
    END IF;
    IF woken IS NOT NULL THEN
        PERFORM sendbatch.wake(this_record, woken, woken_at);
    END IF;
    IF answers IS NOT NULL THEN
        came := sendbatch.answer(this_record, answers, answer_stories, undone);
    END IF;
    IF states IS NOT NULL THEN
        came := came || sendbatch.state(this_record, this_run, states, state_stories);
    END IF;
    IF intents IS NOT NULL THEN
        stands := sendbatch.intend(this_record, this_run, intents);
    END IF;
    IF clears THEN
        UPDATE sendbatch.run AS n SET streak = 'clear' WHERE n.record = this_record AND n.id = this_run
        AND n.streak <> 'clear' AND n.streak NOT LIKE 'tripped%';
    END IF;
    UPDATE sendbatch.runner AS r SET committed = greatest(r.committed, number), sent = accepted,
        seen_at = extract(epoch FROM clock_timestamp())::float8
    WHERE r.record = this_record AND r.id = this_runner RETURNING r.seen_at INTO heard_at;
END $$;
