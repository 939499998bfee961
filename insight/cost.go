package insight

// Costs are what a month costs in each mode, in dollars as the strategy has them. Nothing here knows that but what the operator says.
type Costs struct {
	Month map[string]float64 // by mode
	Most  float64            // by how much more a month may cost before that is told
}

// CostMost is the strategy's: if costs increase by more, their benefit is to be weighed.
const CostMost = 100

// More is how much more a month costs in one mode than in another. known is false where the operator does not say that of both.
func (c *Costs) More(from, to string) (more float64, known bool) {
	before, said := c.Month[from]
	after, told := c.Month[to]
	return after - before, said && told
}

// Verdict is how a move from one mode to another stands to Most.
func (c *Costs) Verdict(from, to string) Verdict {
	switch more, known := c.More(from, to); {
	case !known:
		return Unknown
	case more > c.Most:
		return Over
	}
	return Under
}
