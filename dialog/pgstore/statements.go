package pgstore

import (
	"fmt"
	"strings"
)

// The statements of a commit. Rows come as arrays in the order of their keys, so that two
// writers never wait for each other. Updates and inserts are separate, because an upsert
// would revive a forgotten row. The starts and events of a turn are joined to the rows
// that have the number of this batch: so only winners have them, and a turn that is
// written again after a lost answer has them once.
const (
	turnColumns  = `owner, conversation_state, draft_id, version, tag, draft_tag, revision, created, updated, expires, due, schema, format, draft_at, answers, state, seen, guest`
	turnTypes    = `text text text bigint bigint bigint bigint bigint bigint bigint bigint bigint bigint bigint bytea bytea bytea text`
	eventColumns = `at, kind, key, draft_id, step, mode, variant, instance, cause, source, took_us`
	eventTypes   = `bigint text text text text text text text text text bigint`
)

var (
	// The level is named, because a database may have another default.
	begin  = &statement{"d_begin", `begin isolation level read committed`}
	commit = &statement{"d_commit", `commit`}
	clock  = &statement{"d_clock", `select ` + nowMillis}

	// Only a plan that looks up each row by its key locks rows in the order of the
	// arrays. A generic plan is as good as one that is made for these very arrays, which
	// would copy them.
	forTurns = &statement{"d_turns", `select ` + inOrder}

	// Behind a pooler the bounds of a connection are set in each transaction.
	bounded = &statement{"d_bounded", `select ` + bounds}

	updateRows = &statement{"d_update", `with t as materialized (
			select * from ` + unnest(2, `text `+turnTypes+` bigint bigint`) + ` with ordinality as t(key, ` + turnColumns + `, before_version, before_tag, n))
		update conversations c set batch = $1::bigint, ` + assign(turnColumns) + `
		from t where c.key = t.key and c.version = t.before_version and c.tag = t.before_tag
		returning t.n`}

	insertRows = &statement{"d_insert", `insert into conversations (batch, key, ` + turnColumns + `, shown)
		select $1::bigint, t.* from ` + unnest(2, `text `+turnTypes+` bytea`) + ` as t
		on conflict (key) do nothing returning key`}

	insertStarts = &statement{"d_starts", `with t as materialized (
			select * from ` + unnest(2, `text `+turnTypes+` bytea text`) + ` as t(key, ` + turnColumns + `, shown, turn))
		insert into conversations (batch, key, ` + turnColumns + `, shown)
		select $1::bigint, t.key, ` + prefix("t.", turnColumns) + `, t.shown from t join conversations c on c.key = t.turn and c.batch = $1::bigint
		on conflict (key) do nothing`}

	// The check fails the transaction if a winner's start was not inserted, because its
	// key is taken.
	checkStarts = &statement{"d_check", `with t as materialized (select * from unnest($2::text[]) as t(turn))
		select 1 / case when (select count(*) from t join conversations c on c.key = t.turn and c.batch = $1::bigint)
			= (select count(*) from conversations c where c.key = any($3::text[]) and c.batch = $1::bigint) then 1 else 0 end`}

	insertTurnEvents = &statement{"d_turn_events", `with t as materialized (
			select * from ` + unnest(2, `text `+eventTypes) + ` as t(turn, ` + eventColumns + `))
		insert into events (` + eventColumns + `)
		select ` + prefix("t.", eventColumns) + ` from t join conversations c on c.key = t.turn and c.batch = $1::bigint`}

	insertEvents = &statement{"d_events", `insert into events (` + eventColumns + `) select * from ` + unnest(1, eventTypes) + ` as t`}

	selectStamps = &statement{"d_stamps", `select key, version, tag, seen from conversations where key = any($1::text[])`}
	selectKeys   = &statement{"d_keys", `select key from conversations where key = any($1::text[])`}
)

// Citus cannot make a generic plan of rows that come as arrays.
const inOrder = `set_config('plan_cache_mode', case when to_regclass('pg_dist_partition') is null then 'force_generic_plan' else 'force_custom_plan' end, true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true), ` + bounds

// A foreign transaction may hold a row for any length of time. The commit that waits for
// the row then fails with lockedRow, and the turns or marks of its batch are written one by one.
// A transaction of ours ends soon after its process stops in the middle of it.
const (
	lockWait = `300ms`
	// The bounds of a transaction; the parameter is the wait for a lock.
	bounds = `set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', '10s', true)`
	// sessionBounds are those of a connection. The keepalives end the transaction of a
	// machine that is gone.
	sessionBounds = `set default_transaction_isolation = 'read committed'; set lock_timeout = '%s'; set idle_in_transaction_session_timeout = '10s';
		set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3`
)

const lockedRow = "55P03" // a lock was not to be had in time

const startTaken = "22012" // division by zero: of checkStarts alone

// unnest makes rows of array parameters, numbered from first on.
func unnest(first int, types string) string {
	var list []string
	for i, t := range strings.Fields(types) {
		list = append(list, fmt.Sprintf("$%d::%s[]", first+i, t))
	}
	return "unnest(" + strings.Join(list, ", ") + ")"
}

// assign is "a = t.a, b = t.b" for the columns "a, b".
func assign(columns string) string {
	var list []string
	for _, c := range strings.Split(columns, ", ") {
		list = append(list, c+" = t."+c)
	}
	return strings.Join(list, ", ")
}

// first is the first element of an array parameter.
func first(n int, kind string) string { return fmt.Sprintf("($%d::%s[])[1]", n, kind) }

// assignFirst is assign with the first elements of the parameters from n on.
func assignFirst(n int, columns, types string) string {
	kinds := strings.Fields(types)
	var list []string
	for i, c := range strings.Split(columns, ", ") {
		list = append(list, c+" = "+first(n+i, kinds[i]))
	}
	return strings.Join(list, ", ")
}

// prefix puts p before each of the columns.
func prefix(p, columns string) string { return p + strings.ReplaceAll(columns, ", ", ", "+p) }
