-- Answers are kept as they are, also where they are not JSON: such a row has none
-- here, and does not fail the others.
create function lockbay_json(answers bytea) returns jsonb language plpgsql immutable strict as $$
begin
	return convert_from(answers, 'UTF8')::jsonb;
exception when others then
	return null;
end $$;

create function lockbay_number(value jsonb) returns bigint language plpgsql immutable strict as $$
begin
	return (value #>> '{}')::bigint;
exception when others then
	return null;
end $$;

-- "cross join" makes a view that nothing can be written through, and costs
-- nothing. An id is 60 bits of the key's hash.
create or replace view users as
select ('x' || substr(md5(key), 1, 15))::bit(60)::bigint as id,
	owner,
	case when owner ~ '^tg:[0-9]{1,18}$' then substr(owner, 4)::bigint end as telegram_id,
	conversation_state,
	to_timestamp(updated / 1000.0) as updated_at
from conversations cross join (select) reading where split_part(key, ':', 2) = 'escrow';

create or replace view escrow_drafts as
select ('x' || substr(md5(key), 1, 15))::bit(60)::bigint as id,
	('x' || substr(md5(key), 1, 15))::bit(60)::bigint as user_id,
	case when owner ~ '^tg:[0-9]{1,18}$' then substr(owner, 4)::bigint end as telegram_id,
	draft_id,
	lockbay_json(answers) as draft_data,
	conversation_state as current_step,
	to_timestamp(created / 1000.0) as created_at,
	to_timestamp(updated / 1000.0) as updated_at,
	to_timestamp(expires / 1000.0) as expires_at
from conversations cross join (select) reading where split_part(key, ':', 2) = 'escrow' and conversation_state <> '';

create or replace view escrows as
select substr(key, length(split_part(key, ':', 1)) + length(split_part(key, ':', 2)) + 3) as id,
	owner as buyer,
	d ->> 'dr' as draft_id,
	d -> 't' ->> 's' as seller,
	lockbay_number(d -> 't' -> 'a' -> 'm') as amount_minor,
	d -> 't' -> 'a' ->> 'c' as currency,
	d -> 't' ->> 'd' as description,
	case when lockbay_number(d -> 't' -> 'h') between 0 and 1000000 then lockbay_number(d -> 't' -> 'h')::int end as delivery_hours,
	conversation_state,
	case conversation_state when 'payment_confirmed' then 'completed' else conversation_state end as status,
	to_timestamp(created / 1000.0) as created_at,
	to_timestamp(expires / 1000.0) as expires_at
from (select *, lockbay_json(answers) as d from conversations where split_part(key, ':', 2) = 'deal') deals cross join (select) reading;

-- One row for each draft that was begun: the question that was asked last (of two
-- in one millisecond, either), and what became of it. A deal has events of the
-- same kinds, and is no draft. A plain max runs in every partition and on every
-- node by itself: the time stands before the question in twenty digits.
create or replace view escrow_funnel as
select draft_id,
	'seller_input' as conversation_state,
	substr(max(case when kind = 'asked' then lpad(at::text, 20, '0') || cause end collate "C"), 21) collate "default" as last_asked,
	max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end) as rank,
	case max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end)
		when 3 then 'completed' when 2 then 'cancelled' when 1 then 'expired' else 'creating' end as status,
	to_timestamp(min(at) / 1000.0) as created_at
from events
where draft_id <> '' and split_part(key, ':', 2) = 'escrow' and kind in ('started', 'asked', 'confirmed', 'cancelled', 'expired')
group by draft_id;
