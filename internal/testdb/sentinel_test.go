package testdb

import (
	"testing"
	"time"
)

func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	s := RedisSentinel(t)
	if got := s.MasterAddr(); got != s.Nodes[0].Addr() {
		t.Fatalf("the master is %s", got)
	}
	s.Nodes[0].Do("SET", "k", "v")
	if got := s.Nodes[0].Do("WAIT", "1", "60000"); got != "1" {
		t.Fatalf("%s replicas have the write", got)
	}
	began := time.Now()
	s.Nodes[0].Stop()
	s.AwaitFailover()
	t.Logf("failed over in %v", time.Since(began))
	if got := s.MasterAddr(); got != s.Nodes[1].Addr() {
		t.Errorf("the new master is %s", got)
	}
	if got := s.Nodes[1].Do("GET", "k"); got != "v" {
		t.Errorf("k is %q on the new master", got)
	}
	s.Nodes[1].Do("SET", "k", "w")
}
