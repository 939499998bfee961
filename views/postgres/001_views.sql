-- The strategy's tables, read-only.
create view users as
select ('x' || substr(md5(key), 1, 8))::bit(32)::bigint as id,
	owner,
	case when owner ~ '^tg:[0-9]+$' then substr(owner, 4)::bigint end as telegram_id,
	conversation_state,
	to_timestamp(updated / 1000.0) as updated_at
from conversations where split_part(key, ':', 2) = 'escrow';

create view escrow_drafts as
select ('x' || substr(md5(key), 1, 8))::bit(32)::bigint as id,
	('x' || substr(md5(key), 1, 8))::bit(32)::bigint as user_id,
	case when owner ~ '^tg:[0-9]+$' then substr(owner, 4)::bigint end as telegram_id,
	draft_id,
	convert_from(answers, 'UTF8')::jsonb as draft_data,
	conversation_state as current_step,
	to_timestamp(created / 1000.0) as created_at,
	to_timestamp(updated / 1000.0) as updated_at,
	to_timestamp(expires / 1000.0) as expires_at
from conversations where split_part(key, ':', 2) = 'escrow' and conversation_state <> '';

create view escrows as
select substr(key, length(split_part(key, ':', 1)) + length(split_part(key, ':', 2)) + 3) as id,
	owner as buyer,
	d ->> 'dr' as draft_id,
	d -> 't' ->> 's' as seller,
	(d -> 't' -> 'a' ->> 'm')::bigint as amount_minor,
	d -> 't' -> 'a' ->> 'c' as currency,
	d -> 't' ->> 'd' as description,
	(d -> 't' ->> 'h')::int as delivery_hours,
	conversation_state,
	case conversation_state when 'payment_confirmed' then 'completed' else conversation_state end as status,
	to_timestamp(created / 1000.0) as created_at,
	to_timestamp(expires / 1000.0) as expires_at
from (select *, convert_from(answers, 'UTF8')::jsonb as d from conversations where split_part(key, ':', 2) = 'deal') deals;

-- One row for each draft that was begun: the last step that it was asked for,
-- and what became of it.
create view escrow_funnel as
select draft_id,
	'seller_input' as conversation_state,
	max(case when kind = 'asked' then cause end) as last_asked,
	max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end) as rank,
	case max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end)
		when 3 then 'completed' when 2 then 'cancelled' when 1 then 'expired' else 'creating' end as status,
	to_timestamp(min(at) / 1000.0) as created_at
from events
where draft_id <> '' and kind in ('started', 'asked', 'confirmed', 'cancelled', 'expired')
group by draft_id;
