-- A person's conversations, newest first. listed is the time by which a list has them: null for
-- the conversation whose id is its owner, which lists leave out. So it never changes, and new
-- drafts leave the index alone, which created would not. A partitioned table has the index of
-- version 1 under another name.
alter table conversations add column guest text collate "C"; -- a second person, null: none
alter table conversations add column listed bigint generated always as (case
	when substr(key, length(split_part(key, ':', 1)) + length(split_part(key, ':', 2)) + 3) = owner then null
	else coalesce(created, 0) end) stored;
drop index if exists conversations_owner, conversations_owner_idx;
create index conversations_owner on conversations (owner, listed, key);
create index conversations_guest on conversations (guest, listed, key) where guest is not null;
