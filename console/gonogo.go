package console

import "github.com/lockbay/lockbay/insight/report"

// GoNoGo is the document of the strategy's investigation: whether to go on, and what is known.
type GoNoGo = report.GoNoGo
