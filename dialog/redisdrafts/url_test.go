package redisdrafts_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/redisdrafts"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		url, addrs, user, password, master string
		db                                 int
		tls                                bool
	}{
		{url: "redis://localhost", addrs: "localhost:6379"},
		{url: "redis://10.0.0.1:7000/3", addrs: "10.0.0.1:7000", db: 3},
		{url: "redis://:p%40ss%2Fw@[::1]:7000", addrs: "[::1]:7000", password: "p@ss/w"},
		{url: "rediss://bot:s:e@c@redis.example/0", addrs: "redis.example:6379", user: "bot", password: "s:e@c", tls: true},
		{url: "redis://h?db=2", addrs: "h:6379", db: 2},
		{url: "redis-sentinel://u:p@a,b:1,c/main?db=4", addrs: "a:26379 b:1 c:26379", user: "u", password: "p", master: "main", db: 4},
		{url: "rediss-sentinel://a/main", addrs: "a:26379", master: "main", tls: true},
		{url: "redis-cluster://a:1,b:2,[fe80::1]", addrs: "a:1 b:2 [fe80::1]:6379"},
		{url: "rediss-cluster://u:p@a/0", addrs: "a:6379", user: "u", password: "p", tls: true},
	} {
		o, err := redisdrafts.ParseURL(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		got := []any{strings.Join(o.InitAddress, " "), o.Username, o.Password, o.Sentinel.MasterSet, o.SelectDB, o.TLSConfig != nil}
		if want := []any{c.addrs, c.user, c.password, c.master, c.db, c.tls}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", c.url, got, want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, url := range []string{
		"", "u:hunter2@host", "http://u:hunter2@host", "redis-ring://u:hunter2@host", "redisx://u:hunter2@host",
		"redis://u:hunter2@", "redis://u:hunter2@host:port", "redis://u:hunter2@host:99999", "redis://u:hunter2@host:0",
		"redis://u:hunter2@a,b", "redis://u:hunter2@host/x", "redis://u:hunter2@host/-1", "redis://u:hunter2%zz@host",
		"redis://u:hunter2@host?bd=1", "redis://u:hunter2@host?db=%zz", "redis://host?password=hunter2",
		"redis-sentinel://u:hunter2@host", "redis-sentinel://u:hunter2@host/",
		"redis-cluster://u:hunter2@a,b/1", "redis-cluster://u:hunter2@a?db=1", "redis-cluster://u:hunter2@a,,b",
		"rediss://u:hunter2@host?ca=/nowhere/ca.pem", "rediss://u:hunter2@host?cert=/nowhere/c.pem&key=/nowhere/k.pem",
	} {
		_, err := redisdrafts.ParseURL(url)
		if err == nil {
			t.Errorf("%s was accepted", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a password in %q", err)
		}
	}
}
