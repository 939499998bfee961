package testdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Redis returns the URL of an empty Redis for this test alone: redis://host:port.
func Redis(t testing.TB) string {
	t.Helper()
	return RedisServer(t).URL()
}

// RedisCluster returns the URL of a new cluster of three masters without
// replicas, all slots assigned: redis-cluster://host:port,host:port,host:port.
func RedisCluster(t testing.TB) string {
	t.Helper()
	var addrs []string
	for _, n := range RedisClusterNodes(t) {
		addrs = append(addrs, n.Addr())
	}
	return "redis-cluster://" + strings.Join(addrs, ",")
}

// RedisNode is one Redis, which a test may stop, flush and starve. It saves
// data only in Save; Stop loses the rest. Its methods must not be called
// concurrently.
type RedisNode struct {
	t       testing.TB
	dir     string
	port    int
	options []string
	proc    *process // nil while stopped
}

// RedisServer starts a Redis for this test. Options are command line options,
// such as "--requirepass", "secret" (the test then needs a client of its own,
// because Do sends no AUTH).
func RedisServer(t testing.TB, options ...string) *RedisNode {
	t.Helper()
	n, err := newRedis(t, options)
	must(t, err)
	announce("Redis %s on %s", n.version(), n.Addr())
	return n
}

func newRedis(t testing.TB, options []string) (*RedisNode, error) {
	dir, err := newFolder("redis")
	if err != nil {
		return nil, err
	}
	n := &RedisNode{t: t, dir: dir, options: options}
	t.Cleanup(func() {
		n.halt(syscall.SIGKILL)
		_ = os.RemoveAll(dir)
	})
	for range 3 { // another program may take the port before its server does
		n.port = freePort()
		if err = n.launch(); err == nil {
			break
		}
	}
	return n, err
}

func (n *RedisNode) launch() error {
	redis, err := program("redis-server", "redis-server")
	if err != nil {
		return err
	}
	args := append([]string{"--port", strconv.Itoa(n.port), "--bind", "127.0.0.1", "--dir", n.dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no"}, n.options...)
	p, err := start(n.dir, syscall.SIGKILL, redis, args...)
	if err != nil {
		return err
	}
	// A server that requires a password is ready; one that still loads its data
	// is not.
	err = p.await(n.dir, func() error {
		_, err := redisDo(n.Addr(), "PING")
		if err != nil && strings.HasPrefix(err.Error(), "NOAUTH") {
			return nil
		}
		return err
	})
	if err != nil {
		p.end(syscall.SIGKILL)
		return fmt.Errorf("redis on %s: %w", n.Addr(), err)
	}
	n.proc = p
	return nil
}

// Addr returns host:port, which stays the same after a restart.
func (n *RedisNode) Addr() string { return localAddr(n.port) }

// URL returns redis://host:port.
func (n *RedisNode) URL() string { return "redis://" + n.Addr() }

// Start starts the server again and waits until it answers. It has the data of
// the last Save.
func (n *RedisNode) Start() {
	n.t.Helper()
	if n.proc == nil {
		must(n.t, n.launch())
	}
}

// Stop ends the server without saving.
func (n *RedisNode) Stop() { n.halt(syscall.SIGTERM) }

func (n *RedisNode) halt(sig syscall.Signal) {
	if n.proc != nil {
		n.proc.end(sig)
		n.proc = nil
	}
}

// Freeze halts the process: until Thaw it accepts connections and never
// answers.
func (n *RedisNode) Freeze() { n.signal(syscall.SIGSTOP) }

// Thaw resumes a frozen process, which then handles the commands sent
// meanwhile.
func (n *RedisNode) Thaw() { n.signal(syscall.SIGCONT) }

func (n *RedisNode) signal(sig syscall.Signal) {
	n.t.Helper()
	if n.proc == nil {
		n.t.Fatalf("testdb: Redis on %s is stopped", n.Addr())
	}
	must(n.t, n.proc.cmd.Process.Signal(sig))
}

// Flush removes all keys (FLUSHALL).
func (n *RedisNode) Flush() { n.t.Helper(); n.Do("FLUSHALL") }

// Save writes the data to disk, for the next Start.
func (n *RedisNode) Save() { n.t.Helper(); n.Do("SAVE") }

// MaxMemory bounds its memory in bytes (0: no bound) with a policy such as
// "allkeys-lru" (evicts) or "noeviction" (refuses writes).
func (n *RedisNode) MaxMemory(bytes int64, policy string) {
	n.t.Helper()
	n.Do("CONFIG", "SET", "maxmemory", strconv.FormatInt(bytes, 10), "maxmemory-policy", policy)
}

// Do sends one command on a new connection and returns the answer as text: nil
// is "", an array has one element a line. An error ends the test.
func (n *RedisNode) Do(args ...string) string {
	n.t.Helper()
	answer, err := redisDo(n.Addr(), args...)
	if err != nil {
		n.t.Fatalf("testdb: redis %s: %v", args[0], err)
	}
	return answer
}

func (n *RedisNode) version() string {
	info, err := redisDo(n.Addr(), "INFO", "server")
	if _, v, ok := strings.Cut(info, "redis_version:"); ok && err == nil {
		v, _, _ = strings.Cut(v, "\r")
		return v
	}
	return "of unknown version"
}

// RedisClusterNodes is RedisCluster with a handle for each node.
func RedisClusterNodes(t testing.TB, options ...string) []*RedisNode {
	t.Helper()
	const slots, masters = 16384, 3
	var nodes []*RedisNode
	for i := range masters {
		bus := freePort()
		n, err := newRedis(t, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000",
			"--cluster-port", strconv.Itoa(bus), "--cluster-announce-ip", "127.0.0.1"}, options...))
		must(t, err)
		nodes = append(nodes, n)
		n.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/masters), strconv.Itoa((i+1)*slots/masters-1))
		n.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		if i > 0 {
			nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(n.port), strconv.Itoa(bus))
		}
	}
	for _, n := range nodes {
		must(t, poll("the cluster is whole", func() (bool, error) {
			info, err := redisDo(n.Addr(), "CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, "cluster_size:"+strconv.Itoa(masters)), err
		}))
	}
	announce("Redis Cluster %s on %s, %s, %s", nodes[0].version(), nodes[0].Addr(), nodes[1].Addr(), nodes[2].Addr())
	return nodes
}

// redisDo is a minimal client: one command, one connection.
func redisDo(addr string, args ...string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, startTimeout)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		return "", err
	}
	return redisAnswer(bufio.NewReader(c))
}

// redisAnswer reads one answer in RESP2.
func redisAnswer(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("empty answer")
	}
	switch rest := line[1:]; line[0] {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return "", err
		}
		body := make([]byte, n+2)
		_, err = io.ReadFull(r, body)
		return string(body[:n]), err
	case '*':
		n, err := strconv.Atoi(rest)
		if err != nil {
			return "", err
		}
		var all []string
		for range n {
			one, err := redisAnswer(r)
			if err != nil {
				return "", err
			}
			all = append(all, one)
		}
		return strings.Join(all, "\n"), nil
	}
	return "", fmt.Errorf("unknown answer %q", line)
}
