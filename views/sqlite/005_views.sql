-- A conversation's key is the column that finds it: where key = 'lockbay:deal:ESC-…' reads one
-- deal, where id = … reads every key and the answers of one deal.
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
	strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1000.0, 'unixepoch') as expires_at,
	key
from (select *, case when json_valid(cast(answers as text)) then cast(answers as text) end as d from conversations where flow = 'deal') deals;

-- The log of a deal, a row for each posting of an entry, and one for an entry without
-- any. Of each deal d has one row: its log, its operators, its currency, read once for all of
-- its rows. A condition on the deal is judged before they are read, which a subquery with a
-- limit would not let pass. What no program has written has no row, or no value.
drop view ledger;
create view ledger as
select deals.id,
	e.key + 1 as entry,
	strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(e.value, '$.t') / 1000.0, 'unixepoch') as at,
	case substr(json_extract(e.value, '$.by'), 1, 1) when 'b' then 'buyer' when 's' then 'seller' when 'o' then 'desk' when 't' then 'time' else '' end as role,
	coalesce(case when json_extract(e.value, '$.by') glob '?[0-9]*' then json_extract(d.value, '$[1][' || cast(substr(json_extract(e.value, '$.by'), 2) as integer) || ']') end, '') as operator,
	coalesce(json_extract(e.value, '$.m'), '') as move,
	coalesce(json_extract(e.value, '$.r'), '') as ref,
	coalesce(json_extract(p.value, '$[0]'), '') as account,
	coalesce(cast(json_extract(p.value, '$[1]') as integer), 0) as minor,
	coalesce(json_extract(d.value, '$[2]'), '') as currency,
	deals.key
from conversations deals
join json_each(case when json_valid(cast(deals.answers as text)) then json_array(json_extract(cast(deals.answers as text), '$.l', '$.o', '$.q.c')) end) d on json_type(d.value, '$[0]') = 'array'
join json_each(d.value, '$[0]') e on e.type = 'object'
left join json_each(e.value, '$.p') p on p.type = 'array'
where deals.flow = 'deal';
