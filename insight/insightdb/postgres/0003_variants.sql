-- What rollouts compare: of creations with a variant alone.
alter table insight_drafts
	add column variant text collate "C",
	add column started bigint,  -- unix milliseconds
	add column outcome bigint,  -- bits: what the creation came to
	add column slowest bigint;  -- microseconds: of rehydrations
create index insight_drafts_variant on insight_drafts (variant, who, started, draft, outcome, slowest) where variant is not null;
create index insight_drafts_tried on insight_drafts (who) where variant is not null;
