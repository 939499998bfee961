package testdb

import (
	"bufio"
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

func TestRedisHandle(t *testing.T) {
	t.Parallel()
	n := RedisServer(t)
	n.Do("SET", "k", "old")
	n.Save()
	n.Do("SET", "k", "new")
	addr := n.Addr()
	n.Stop()
	if listening(addr) {
		t.Error("the server listens after Stop")
	}
	n.Start()
	if got := n.Do("GET", "k"); got != "old" || n.Addr() != addr {
		t.Errorf("after a restart %q at %s: not the saved copy at %s", got, n.Addr(), addr)
	}
	n.Flush()
	if got := n.Do("DBSIZE"); got != "0" {
		t.Errorf("%s keys after Flush", got)
	}
	if got := n.Do("CONFIG", "GET", "maxmemory-policy"); got != "maxmemory-policy\nnoeviction" {
		t.Errorf("got %q", got)
	}
}

func TestRedisMaxMemory(t *testing.T) {
	t.Parallel()
	n := RedisServer(t)
	n.MaxMemory(2<<20, "allkeys-lru")
	for range 100 {
		n.Do("SET", "k"+time.Now().String(), strings.Repeat("x", 64<<10))
	}
	if info := n.Do("INFO", "stats"); strings.Contains(info, "evicted_keys:0\r") {
		t.Error("nothing was evicted")
	}
	n.MaxMemory(1, "noeviction")
	if _, err := redisDo(n.Addr(), "SET", "k", "v"); err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Errorf("a write without memory: %v", err)
	}
}

func TestRedisFreeze(t *testing.T) {
	t.Parallel()
	n := RedisServer(t)
	n.Freeze()
	c, err := net.Dial("tcp", n.Addr())
	if err != nil {
		t.Fatalf("a frozen server accepts: %v", err)
	}
	defer func() { _ = c.Close() }()
	_, _ = c.Write([]byte("PING\r\n"))
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := c.Read(make([]byte, 10)); err == nil {
		t.Error("a frozen server answered")
	}
	n.Thaw()
	_ = c.SetReadDeadline(time.Now().Add(startTimeout))
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "+PONG\r\n" {
		t.Errorf("after Thaw %q, %v", line, err)
	}
}

func TestRedisURLIsForOneTest(t *testing.T) {
	t.Parallel()
	a, b := Redis(t), Redis(t)
	u, err := url.Parse(a)
	if err != nil || u.Scheme != "redis" || a == b {
		t.Errorf("%s and %s", a, b)
	}
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	list, ok := strings.CutPrefix(RedisCluster(t), "redis-cluster://")
	addrs := strings.Split(list, ",")
	if !ok || len(addrs) != 3 {
		t.Fatalf("got %q", list)
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: addrs[:1], DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if n := len(client.Nodes()); n != 3 {
		t.Errorf("the client knows %d nodes", n)
	}
	for i := range 60 {
		key := "k" + itoa(i)
		if err := client.Do(ctx, client.B().Set().Key(key).Value(key).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Do(ctx, client.B().Get().Key(key).Build()).ToString(); got != key {
			t.Fatalf("%s: %q, %v", key, got, err)
		}
	}
	for _, a := range addrs {
		if n, err := redisDo(a, "DBSIZE"); n == "0" || err != nil {
			t.Errorf("%s holds %s of 60 keys, %v", a, n, err)
		}
	}
}
