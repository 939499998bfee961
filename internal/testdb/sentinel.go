package testdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// SentinelMaster is the name of RedisSentinel's master.
const SentinelMaster = "lockbay"

// RedisSentinels is a master with a replica, watched by one sentinel.
type RedisSentinels struct {
	t       testing.TB
	addr    string
	Nodes   []*RedisNode // the first is the master at the start
	watcher *process
}

// RedisSentinel starts a Redis, its replica and a sentinel that promotes the
// replica when the master has been away for half a second.
func RedisSentinel(t testing.TB) *RedisSentinels {
	t.Helper()
	master := RedisServer(t, "--repl-diskless-sync-delay", "0")
	replica := RedisServer(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(master.port))
	must(t, poll("the replica follows", func() (bool, error) {
		info, err := redisDo(replica.Addr(), "INFO", "replication")
		return strings.Contains(info, "master_link_status:up"), err
	}))
	redis, err := program("redis-server", "redis-server")
	must(t, err)
	dir, err := newFolder("sentinel")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &RedisSentinels{t: t, Nodes: []*RedisNode{master, replica}}
	conf := filepath.Join(dir, "sentinel.conf") // the sentinel rewrites this file, as another user
	for range 3 {                               // another program may take the port before its server does
		port := freePort()
		s.addr = localAddr(port)
		err = os.WriteFile(conf, fmt.Appendf(nil, `port %d
bind 127.0.0.1
dir %s
sentinel monitor %s 127.0.0.1 %d 1
sentinel down-after-milliseconds %[3]s 500
sentinel failover-timeout %[3]s 3000
`, port, dir, SentinelMaster, master.port), 0o666) // #nosec G306 -- the server runs as another user
		must(t, err)
		must(t, os.Chmod(conf, 0o666)) // #nosec G302 -- overrides the umask
		if s.watcher, err = start(dir, syscall.SIGKILL, redis, conf, "--sentinel"); err != nil {
			continue
		}
		if err = s.watcher.await(dir, func() error { _, err := redisDo(s.addr, "PING"); return err }); err == nil {
			break
		}
		s.watcher.end(syscall.SIGKILL)
	}
	must(t, err)
	t.Cleanup(func() { s.watcher.end(syscall.SIGKILL) })
	must(t, poll("the sentinel knows the replica", func() (bool, error) {
		list, err := redisDo(s.addr, "SENTINEL", "REPLICAS", SentinelMaster)
		return strings.Contains(list, replica.Addr()), err
	}))
	announce("Redis Sentinel %s on %s", master.version(), s.addr)
	return s
}

// Addr returns the sentinel's host:port.
func (s *RedisSentinels) Addr() string { return s.addr }

// MasterAddr returns the master's address according to the sentinel.
func (s *RedisSentinels) MasterAddr() string {
	s.t.Helper()
	addr, err := redisDo(s.addr, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SentinelMaster)
	must(s.t, err)
	return strings.Replace(addr, "\n", ":", 1)
}

// AwaitFailover waits until the sentinel names a master other than the first
// node, and that master accepts writes.
func (s *RedisSentinels) AwaitFailover() {
	s.t.Helper()
	must(s.t, poll("a failover", func() (bool, error) {
		if s.MasterAddr() == s.Nodes[0].Addr() {
			return false, nil
		}
		role, err := redisDo(s.MasterAddr(), "ROLE")
		return strings.HasPrefix(role, "master"), err
	}))
}
