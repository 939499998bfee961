-- Runs right after version 1, while the tables are empty: the same tables,
-- conversations in 16 partitions by key, events in partitions by month.
alter table conversations rename to conversations_whole;
alter table events rename to events_whole;

create table conversations (like conversations_whole including all) partition by hash (key);
create table events (like events_whole including all) partition by range (at);
drop table conversations_whole, events_whole;

do $$ begin
	for n in 0..15 loop
		execute format('create table conversations_%s partition of conversations for values with (modulus 16, remainder %s) with (fillfactor = 70)',
			lpad(n::text, 2, '0'), n);
	end loop;
end $$;
-- What no month takes; months are made ahead.
create table events_other partition of events default;
