-- One row a conversation. Times are unix milliseconds, UTC. bot, flow and id
-- are parts of the key: split_part(key, ':', 1) and so on.
--
-- No column that changes with every turn is indexed, and a page has room for
-- the next version of its rows: so nearly all updates are HOT.
create table conversations (
	key                text   collate "C" primary key, -- bot:flow:id
	owner              text   collate "C" not null,
	conversation_state text   not null,  -- the step; empty: in no flow
	draft_id           text   not null,
	version            bigint not null,  -- counts turns
	tag                bigint not null,  -- random, of the turn that wrote this
	batch              bigint not null,  -- random, of the commit that wrote this
	draft_tag          bigint not null,  -- of the turn that last changed the draft
	revision           bigint not null,
	created            bigint,
	updated            bigint,
	expires            bigint,           -- null: never
	due                bigint,           -- when the sweeper looks at it; null: nothing to come
	schema             int    not null,  -- format of answers
	format             int    not null,  -- format of state
	draft_at           int    not null,  -- 0 in this row, 1 in Redis, 2 in memory
	shown              bytea,            -- JSON: what each place shows
	answers            bytea,            -- the draft, JSON; null: not in this row
	state              bytea,            -- JSON: places, pending effects, timers
	seen               bytea             -- the last inputs, 8 bytes each
) with (fillfactor = 70);
create index conversations_owner on conversations (owner);
-- With the key, so that many rows of one hour can be read in pages.
create index conversations_due on conversations (due, key) where due is not null;

-- What happened, for insight. Never personal data.
create table events (
	key      text   collate "C" not null, -- empty: of an instance
	at       bigint not null,
	took_us  bigint,                      -- microseconds
	kind     text   not null,
	draft_id text,
	step     text,
	mode     text,
	variant  text,
	instance text,
	cause    text,
	source   text
);
create index events_at on events (at);

create table leases (
	name   text   primary key,
	holder text   not null,
	until  bigint not null
);

create table secrets (
	name  text  primary key,
	value bytea not null
);
