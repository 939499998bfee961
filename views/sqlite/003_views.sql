-- A deal counts as completed from its payment on, as the strategy's funnel counts.
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
	case when conversation_state in ('payment_confirmed', 'active', 'delivered', 'disputed', 'settling', 'refunded') then 'completed' else conversation_state end as status,
	strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') as created_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1000.0, 'unixepoch') as expires_at
from (select *, case when json_valid(cast(answers as text)) then cast(answers as text) end as d from conversations where flow = 'deal') deals;
