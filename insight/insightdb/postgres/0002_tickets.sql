-- What people wrote to the operator, as its events tell of it.
create unlogged table insight_tickets (
	ticket  text collate "C" primary key,
	slot    bigint not null,
	who     bytea,            -- as in insight_drafts; null: unknown; empty: forgotten
	written bigint not null,  -- unix milliseconds
	class   text   not null,
	given   bigint not null,  -- unix milliseconds: when it got its class
	counts  bigint not null,  -- 0: only its correction is known
	lost    bigint not null   -- 1: its person, who was forgotten, had lost answers
);
create index insight_tickets_slot on insight_tickets (slot);
create index insight_tickets_who on insight_tickets (who) where who is not null;
create index insight_drafts_hurt on insight_drafts (who) where lost is not null;
