-- What waits for an operator is due within a day (see Waits), so that lists find it. A deal
-- that an earlier program wrote may be due in months, or never. Here it is due within half a
-- day: by then no earlier program sweeps any more, and the sweeper finds what waits.
update conversations set due = least(due, (extract(epoch from now()) * 1000)::bigint + 43200000)
where split_part(key, ':', 2) = 'deal' and (conversation_state in ('payment_pending', 'payment_confirmed', 'active', 'delivered', 'disputed', 'settling')
	or conversation_state in ('payment_lapsed', 'cancelled') and position(convert_to('"m":"paid"', 'utf8') in answers) > 0);
