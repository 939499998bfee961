-- One row a conversation. Times are unix milliseconds, UTC.
create table conversations (
	key                text    not null unique,  -- bot:flow:id
	bot                text    generated always as (substr(key, 1, instr(key, ':') - 1)) virtual,
	flow               text    generated always as (substr(key, instr(key, ':') + 1, instr(substr(key, instr(key, ':') + 1), ':') - 1)) virtual,
	id                 text    generated always as (substr(key, instr(key, ':') + 1 + instr(substr(key, instr(key, ':') + 1), ':'))) virtual,
	owner              text    not null,
	conversation_state text    not null,         -- the step; empty: in no flow
	draft_id           text    not null,
	version            integer not null,         -- counts turns
	tag                integer not null,         -- random, of the turn that wrote this
	draft_tag          integer not null,         -- of the turn that last changed the draft
	revision           integer not null,
	schema             integer not null,         -- format of answers
	format             integer not null,         -- format of state
	draft_at           integer not null,         -- 0 in this row, 1 in Redis, 2 in memory
	created            integer,
	updated            integer,
	expires            integer,                  -- null: never
	due                integer,                  -- when the sweeper looks at it; null: nothing to come
	shown              blob,                     -- JSON: what each place shows
	answers            blob,                     -- the draft, JSON; null: not in this row
	state              blob,                     -- JSON: places, pending effects, timers
	seen               blob                      -- the last inputs, 8 bytes each
);
create index conversations_owner on conversations (owner);
-- With the key, so that many rows of one hour can be read in pages.
create index conversations_due on conversations (due, key) where due is not null;

-- What happened, for insight. Never personal data.
create table events (
	n        integer primary key,
	at       integer not null,
	kind     text    not null,
	key      text,
	draft_id text,
	step     text,
	mode     text,
	variant  text,
	instance text,
	cause    text,
	source   text,
	took_us  integer                             -- microseconds
);
create index events_at on events (at);

create table leases (
	name   text    primary key,
	holder text    not null,
	until  integer not null
) without rowid;

create table secrets (
	name  text primary key,
	value blob not null
) without rowid;
