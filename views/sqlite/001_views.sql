-- The strategy's tables, read-only. Times are ISO 8601, UTC.
create view users as
select rowid as id,
	owner,
	case when owner like 'tg:%' then cast(substr(owner, 4) as integer) end as telegram_id,
	conversation_state,
	strftime('%Y-%m-%dT%H:%M:%fZ', updated / 1000.0, 'unixepoch') as updated_at
from conversations where flow = 'escrow';

create view escrow_drafts as
select rowid as id,
	rowid as user_id,
	case when owner like 'tg:%' then cast(substr(owner, 4) as integer) end as telegram_id,
	draft_id,
	cast(answers as text) as draft_data,
	conversation_state as current_step,
	strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') as created_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', updated / 1000.0, 'unixepoch') as updated_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1000.0, 'unixepoch') as expires_at
from conversations where flow = 'escrow' and conversation_state <> '';

create view escrows as
select id,
	owner as buyer,
	json_extract(cast(answers as text), '$.dr') as draft_id,
	json_extract(cast(answers as text), '$.t.s') as seller,
	json_extract(cast(answers as text), '$.t.a.m') as amount_minor,
	json_extract(cast(answers as text), '$.t.a.c') as currency,
	json_extract(cast(answers as text), '$.t.d') as description,
	json_extract(cast(answers as text), '$.t.h') as delivery_hours,
	conversation_state,
	case conversation_state when 'payment_confirmed' then 'completed' else conversation_state end as status,
	strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') as created_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1000.0, 'unixepoch') as expires_at
from conversations where flow = 'deal';

-- One row for each draft that was begun: the last step that it was asked for,
-- and what became of it.
create view escrow_funnel as
select draft_id,
	'seller_input' as conversation_state,
	max(case when kind = 'asked' then cause end) as last_asked,
	max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end) as rank,
	case max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end)
		when 3 then 'completed' when 2 then 'cancelled' when 1 then 'expired' else 'creating' end as status,
	strftime('%Y-%m-%dT%H:%M:%fZ', min(at) / 1000.0, 'unixepoch') as created_at
from events
where draft_id <> '' and kind in ('started', 'asked', 'confirmed', 'cancelled', 'expired')
group by draft_id;
