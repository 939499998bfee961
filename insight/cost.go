package insight

import (
	"fmt"
	"math"
)

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

// Dollars writes a sum: $20, $1,250 or $7.50.
func Dollars(sum float64) string {
	sign := ""
	if sum < 0 {
		sign, sum = "-", -sum
	}
	cents := math.Round(100 * sum)
	whole := sign + "$" + Number(int(cents/100))
	if rest := math.Mod(cents, 100); rest > 0 {
		whole += fmt.Sprintf(".%02.0f", rest)
	}
	return whole
}
