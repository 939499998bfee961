-- A person's conversations, newest first. listed is the time by which a list has them: null for
-- the conversation whose id is its owner, which lists leave out. The name of the index stays,
-- because older programs name it.
alter table conversations add column guest text;  -- a second person, null: none
alter table conversations add column listed integer generated always as (case when id = owner then null else ifnull(created, 0) end) virtual;
drop index conversations_owner;
create index conversations_owner on conversations (owner, listed, key);
create index conversations_guest on conversations (guest, listed, key) where guest is not null;
