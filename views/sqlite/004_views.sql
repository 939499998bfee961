-- The log of a deal, a row for each posting of an entry, and one for an entry without
-- any. The limit keeps the parts of a deal from being read again for each of its rows.
-- What no program has written has no row, or no value.
create view ledger as
select deals.id,
	e.key + 1 as entry,
	strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(e.value, '$.t') / 1000.0, 'unixepoch') as at,
	case substr(json_extract(e.value, '$.by'), 1, 1) when 'b' then 'buyer' when 's' then 'seller' when 'o' then 'desk' when 't' then 'time' else '' end as role,
	coalesce(case when json_extract(e.value, '$.by') glob '?[0-9]*' then json_extract(deals.operators, '$[' || cast(substr(json_extract(e.value, '$.by'), 2) as integer) || ']') end, '') as operator,
	coalesce(json_extract(e.value, '$.m'), '') as move,
	coalesce(json_extract(e.value, '$.r'), '') as ref,
	coalesce(json_extract(p.value, '$[0]'), '') as account,
	coalesce(cast(json_extract(p.value, '$[1]') as integer), 0) as minor,
	deals.currency
from (
	select id, json_extract(d, '$.l') as log, json_extract(d, '$.o') as operators, coalesce(json_extract(d, '$.q.c'), '') as currency
	from (select id, case when json_valid(cast(answers as text)) then cast(answers as text) end as d from conversations where flow = 'deal')
	where json_type(d, '$.l') = 'array'
	limit -1
) deals
join json_each(deals.log) e on e.type = 'object'
left join json_each(e.value, '$.p') p on p.type = 'array';
