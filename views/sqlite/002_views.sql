-- Answers are kept as they are, also where they are not JSON: such a row has none
-- here, and does not fail the others.
drop view escrow_drafts;
create view escrow_drafts as
select rowid as id,
	rowid as user_id,
	case when owner like 'tg:%' then cast(substr(owner, 4) as integer) end as telegram_id,
	draft_id,
	case when json_valid(cast(answers as text)) then cast(answers as text) end as draft_data,
	conversation_state as current_step,
	strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') as created_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', updated / 1000.0, 'unixepoch') as updated_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1000.0, 'unixepoch') as expires_at
from conversations where flow = 'escrow' and conversation_state <> '';

drop view escrows;
create view escrows as
select id,
	owner as buyer,
	json_extract(d, '$.dr') as draft_id,
	json_extract(d, '$.t.s') as seller,
	json_extract(d, '$.t.a.m') as amount_minor,
	json_extract(d, '$.t.a.c') as currency,
	json_extract(d, '$.t.d') as description,
	json_extract(d, '$.t.h') as delivery_hours,
	conversation_state,
	case conversation_state when 'payment_confirmed' then 'completed' else conversation_state end as status,
	strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') as created_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1000.0, 'unixepoch') as expires_at
from (select *, case when json_valid(cast(answers as text)) then cast(answers as text) end as d from conversations where flow = 'deal') deals;

-- One row for each draft that was begun: the question that was asked last, and
-- what became of it. A deal has events of the same kinds, and is no draft.
drop view escrow_funnel;
create view escrow_funnel as
select draft_id,
	'seller_input' as conversation_state,
	substr(max(case when kind = 'asked' then printf('%020d%020d', at, n) || cause end), 41) as last_asked,
	max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end) as rank,
	case max(case kind when 'confirmed' then 3 when 'cancelled' then 2 when 'expired' then 1 else 0 end)
		when 3 then 'completed' when 2 then 'cancelled' when 1 then 'expired' else 'creating' end as status,
	strftime('%Y-%m-%dT%H:%M:%fZ', min(at) / 1000.0, 'unixepoch') as created_at
from events
where draft_id <> '' and substr(key, instr(key, ':') + 1, 7) = 'escrow:' and kind in ('started', 'asked', 'confirmed', 'cancelled', 'expired')
group by draft_id;
