-- What the creations of half an hour come to, by mode and variant: names of counts with numbers, a line each.
create table insight_slots (
	at      integer not null,  -- half hours since 1970, UTC: of the starts
	mode    text    not null,
	variant text    not null,
	counts  text    not null,
	primary key (at, mode, variant)
) without rowid;

-- Starts and ends of instances.
create table insight_restarts (
	at       integer not null,  -- unix milliseconds
	instance text    not null,
	up       integer not null,  -- 1: a start, 0: an end
	crash    integer not null,  -- 1: a start after a crash
	felt     integer not null,  -- 1: somebody lost answers in the five minutes after it
	primary key (at, instance, up, crash)
) without rowid;
