-- When the last question was answered, so that a restart finds the creations that it met.
alter table insight_drafts add column answered bigint;  -- unix milliseconds
drop index insight_drafts_slot;
create index insight_drafts_slot on insight_drafts (slot, answered);
delete from insight_state;  -- all is made anew from the events
