-- A deal counts as completed from its payment on, as the strategy's funnel counts.
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
	case when conversation_state in ('payment_confirmed', 'active', 'delivered', 'disputed', 'settling', 'refunded') then 'completed' else conversation_state end as status,
	to_timestamp(created / 1000.0) as created_at,
	to_timestamp(expires / 1000.0) as expires_at
from (select *, lockbay_json(answers) as d from conversations where split_part(key, ':', 2) = 'deal') deals cross join (select) reading;
