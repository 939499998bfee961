package bench_test

import (
	"testing"

	"github.com/lockbay/lockbay/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }
