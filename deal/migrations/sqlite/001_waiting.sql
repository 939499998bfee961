-- What waits for an operator is due within a day (see Waits), so that lists find it. A deal
-- that an earlier program wrote may be due in months, or never. Here it is due within half a
-- day: by then no earlier program sweeps any more, and the sweeper finds what waits.
update conversations set due = min(coalesce(due, unixepoch() * 1000 + 43200000), unixepoch() * 1000 + 43200000)
where flow = 'deal' and (conversation_state in ('payment_pending', 'payment_confirmed', 'active', 'delivered', 'disputed', 'settling')
	or conversation_state in ('payment_lapsed', 'cancelled') and instr(answers, cast('"m":"paid"' as blob)) > 0);
