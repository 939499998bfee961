-- What the creations of half an hour come to, by mode and variant: names of counts with numbers, a line each.
create table insight_slots (
	at      bigint not null,  -- half hours since 1970, UTC: of the starts
	mode    text collate "C" not null,
	variant text collate "C" not null,
	counts  text   not null,
	primary key (at, mode, variant)
);

-- Starts and ends of instances.
create table insight_restarts (
	at       bigint not null,  -- unix milliseconds
	instance text   not null,
	up       bigint not null,  -- 1: a start, 0: an end
	crash    bigint not null,  -- 1: a start after a crash
	felt     bigint not null,  -- 1: somebody lost answers in the five minutes after it
	primary key (at, instance, up, crash)
);

-- What the counts are made of. After a crash of the server these tables are empty, and are made anew from the events.
create unlogged table insight_drafts (
	draft  text collate "C" primary key,
	slot   bigint not null,
	who    bytea,             -- 8 bytes of an HMAC of the owner; null: forgotten
	escrow text,              -- that it became
	lost   bigint,            -- unix milliseconds: when answers were lost that its person typed again
	data   text   not null
);
create index insight_drafts_slot on insight_drafts (slot);
create index insight_drafts_escrow on insight_drafts (escrow) where escrow is not null;
create index insight_drafts_lost on insight_drafts (lost) where lost is not null;
create unlogged table insight_lives (
	at bigint not null, instance text not null, up bigint not null, crash bigint not null, primary key (at, instance, up, crash)
);
create unlogged table insight_touched (slot bigint primary key); -- to be counted
create unlogged table insight_state (name text primary key, value text not null);
