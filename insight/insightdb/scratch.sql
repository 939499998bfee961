create table if not exists insight_drafts (
	draft  text    primary key,
	slot   integer not null,
	who    blob,
	escrow text,
	lost   integer,
	data   text    not null,
	variant text,
	started integer,
	outcome integer,
	slowest integer,
	answered integer
); -- its rows lie in the order of time: those of a slot are beside each other
create index if not exists insight_drafts_slot on insight_drafts (slot, answered);
create index if not exists insight_drafts_variant on insight_drafts (variant, who, started, draft, outcome, slowest) where variant is not null;
create index if not exists insight_drafts_tried on insight_drafts (who) where variant is not null;
create index if not exists insight_drafts_escrow on insight_drafts (escrow) where escrow is not null;
create index if not exists insight_drafts_lost on insight_drafts (lost) where lost is not null;
create table if not exists insight_lives (
	at integer not null, instance text not null, up integer not null, crash integer not null, primary key (at, instance, up, crash)
) without rowid;
create table if not exists insight_touched (slot integer primary key);
create table if not exists insight_state (name text primary key, value text not null) without rowid;
create table if not exists insight_tickets (
	ticket  text    primary key,
	slot    integer not null,
	who     blob,
	written integer not null,
	class   text    not null,
	given   integer not null,
	counts  integer not null,
	lost    integer not null
) without rowid;
create index if not exists insight_tickets_slot on insight_tickets (slot);
create index if not exists insight_tickets_who on insight_tickets (who) where who is not null;
create index if not exists insight_drafts_hurt on insight_drafts (who) where lost is not null;
