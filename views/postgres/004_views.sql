-- The log of a deal, a row for each posting of an entry, and one for an entry without
-- any. A function reads the answers once for each deal: a view that names them in each
-- column would parse them as often. What no program has written has no row, or no value.
create function lockbay_log(answers bytea)
returns table (entry bigint, at timestamptz, role text, operator text, move text, ref text, account text, minor bigint, currency text)
language plpgsql immutable strict rows 8 as $$
declare
	d constant jsonb := lockbay_json(answers);
begin
	if d -> 'l' is null or jsonb_typeof(d -> 'l') <> 'array' then
		return;
	end if;
	return query
	select e.n,
		case when lockbay_number(e.x -> 't') between 0 and 253402300799999 then to_timestamp(lockbay_number(e.x -> 't') / 1000.0) end,
		case left(e.x ->> 'by', 1) when 'b' then 'buyer' when 's' then 'seller' when 'o' then 'desk' when 't' then 'time' else '' end,
		coalesce(case when e.x ->> 'by' ~ '^.[0-9]{1,4}$' then d -> 'o' ->> substr(e.x ->> 'by', 2)::int end, ''),
		coalesce(e.x ->> 'm', ''),
		coalesce(e.x ->> 'r', ''),
		coalesce(p.x ->> 0, ''),
		coalesce(lockbay_number(p.x -> 1), 0),
		coalesce(d -> 'q' ->> 'c', '')
	from jsonb_array_elements(d -> 'l') with ordinality as e (x, n)
	left join lateral jsonb_array_elements(case jsonb_typeof(e.x -> 'p') when 'array' then e.x -> 'p' end) as p (x) on jsonb_typeof(p.x) = 'array'
	where jsonb_typeof(e.x) = 'object';
end $$;

create view ledger as
select substr(key, length(split_part(key, ':', 1)) + length(split_part(key, ':', 2)) + 3) as id,
	l.entry, l.at, l.role, l.operator, l.move, l.ref, l.account, l.minor, l.currency
from conversations cross join lateral lockbay_log(answers) l
where split_part(key, ':', 2) = 'deal';
