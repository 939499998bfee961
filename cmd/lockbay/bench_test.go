package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/bench"
)

// TestBenchRules: people and server of the benchmark use the same rules, whatever is set where it runs.
func TestBenchRules(t *testing.T) {
	t.Setenv(asProgram, "1") // bench starts a server
	for name, value := range map[string]string{"CURRENCY": "EUR", "CURRENCIES": "EUR,BTC", "FEE": "percent=1,payer=seller", "LIMITS": "EUR=1..2", "DRAFT_TTL": "1s",
		"PAYMENT_INSTRUCTIONS": "EUR=Send {amount} to LT12 with {id}", "PUBLIC_URL": "https://pay.example", "ADMIN_LISTEN": "127.0.0.1:1"} {
		t.Setenv("LOCKBAY_"+name, value)
	}
	var out, errs bytes.Buffer
	code := run(strings.Fields("bench --users 2 --rounds 1 --for 1h --stored 5 --json"), strings.NewReader(""), &out, &errs)
	var rep bench.Report
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil || code != exitDone || rep.Completed != 2 || rep.Lost+rep.Duplicates+rep.Errors > 0 {
		t.Errorf("status %d, %v, %+v\n%s", code, err, rep, &errs)
	}
}
