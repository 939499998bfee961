package redisdrafts

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
)

const sample = 1000 // values to measure

// ValueBytes returns the mean size of a value in Redis, with its name and
// Redis's overhead, and the number of values measured: at most 1,000 a server.
// It bypasses the breaker, and needs +scan and +memory|usage.
func (s *Store) ValueBytes(ctx context.Context) (mean float64, values int, err error) {
	c, err := s.connection(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("value bytes: %w", unavailable(err))
	}
	var sum int64
	for _, node := range c.Nodes() {
		for cursor, n := uint64(0), 0; n < sample; {
			page, err := node.Do(ctx, node.B().Scan().Cursor(cursor).Match(s.opts.Prefix+"*").Count(sample).Build()).AsScanEntry()
			if err != nil {
				return 0, 0, fmt.Errorf("value bytes: %w", unavailable(err))
			}
			asks := make(rueidis.Commands, 0, len(page.Elements))
			for _, name := range page.Elements[:min(len(page.Elements), sample-n)] {
				asks = append(asks, node.B().MemoryUsage().Key(name).Build())
			}
			for _, answer := range node.DoMulti(ctx, asks...) {
				if bytes, err := answer.AsInt64(); err == nil { // an error: the value expired, or moved to another server
					sum, n, values = sum+bytes, n+1, values+1
				}
			}
			if cursor = page.Cursor; cursor == 0 {
				break
			}
		}
	}
	if values == 0 {
		return 0, 0, nil
	}
	return float64(sum) / float64(values), values, nil
}
