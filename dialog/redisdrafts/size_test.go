package redisdrafts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

func TestValueBytes(t *testing.T) {
	for name, url := range map[string]string{"single": testdb.Redis(t), "cluster": testdb.RedisCluster(t)} {
		t.Run(name, func(t *testing.T) {
			s := open(t, url, redisdrafts.Options{Prefix: "size:", Timeout: patience})
			if mean, n, err := s.ValueBytes(t.Context()); mean != 0 || n != 0 || err != nil {
				t.Errorf("of an empty server: %v bytes, %d values, %v", mean, n, err)
			}
			for i := range 90 {
				if err := s.Put(t.Context(), fmt.Sprintf("{%d}", i), 1, make([]byte, 500), time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			mean, n, err := s.ValueBytes(t.Context())
			if err != nil || n != 90 || mean < 500 || mean > 1000 {
				t.Errorf("%v bytes, %d values, %v; want 90 of somewhat more than 500", mean, n, err)
			}
		})
	}
}
