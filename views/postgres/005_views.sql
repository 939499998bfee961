-- A conversation's key is the column that finds it: where key = 'lockbay:deal:ESC-…' reads one
-- deal, where id = … reads every key and the answers of one deal.
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
	to_timestamp(expires / 1000.0) as expires_at,
	key
from (select *, lockbay_json(answers) as d from conversations where split_part(key, ':', 2) = 'deal') deals cross join (select) reading;

create or replace view ledger as
select substr(key, length(split_part(key, ':', 1)) + length(split_part(key, ':', 2)) + 3) as id,
	l.entry, l.at, l.role, l.operator, l.move, l.ref, l.account, l.minor, l.currency,
	key
from conversations cross join lateral lockbay_log(answers) l
where split_part(key, ':', 2) = 'deal';
