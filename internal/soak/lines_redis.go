package soak

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/testdb"
)

var withRedis = []string{"redis", "hybrid"}

// redisLoses is for lines where Redis loses acknowledged values.
func redisLoses(why string) map[string]string { return map[string]string{"redis": why} }

// redisLines have two instances, so that drafts cached by one are read by the other.
func redisLines() []*line {
	all := []*line{
		{name: "Redis stopped and started empty", modes: withRedis, loses: redisLoses("Redis kept nothing"), trouble: func(ctx context.Context, w *world) {
			w.bouts(ctx, func() { w.redis.Stop() }, func() { w.redis.Start() })
		}},
		{name: "Redis away, its memory intact", modes: withRedis, trouble: func(ctx context.Context, w *world) {
			w.bouts(ctx, func() { w.proxy.Refuse(true) }, w.proxy.Heal)
		}},
		{name: "Redis flushed", modes: withRedis, loses: redisLoses("Redis was flushed"), trouble: func(ctx context.Context, w *world) {
			every(ctx, 300*time.Millisecond, func() { w.redis.Flush(); w.struck() })
		}},
		{name: "Redis accepts and never answers", modes: withRedis, trouble: func(ctx context.Context, w *world) {
			w.bouts(ctx, w.redis.Freeze, w.redis.Thaw)
		}},
		{name: "connections to Redis hang half-open", modes: withRedis, trouble: func(ctx context.Context, w *world) {
			w.bouts(ctx, func() { w.proxy.Hang(true) }, func() { w.proxy.Heal(); w.proxy.Cut() })
		}},
		{name: "Redis slow by 200 ms", modes: withRedis, trouble: func(ctx context.Context, w *world) {
			w.bouts(ctx, func() { w.proxy.Delay(200 * time.Millisecond) }, w.proxy.Heal)
		}},
		{name: "Redis connections cut", modes: withRedis, trouble: func(ctx context.Context, w *world) {
			every(ctx, 100*time.Millisecond, func() { w.proxy.Cut(); w.struck() })
		}},
		{name: "Redis evicting", modes: withRedis, loses: redisLoses("Redis evicted it"), trouble: evicting},
		{name: "Redis out of memory", modes: withRedis, trouble: func(ctx context.Context, w *world) {
			w.bouts(ctx, func() { w.redis.MaxMemory(1, "noeviction") }, func() { w.redis.MaxMemory(0, "noeviction") })
		}},
		{name: "Redis failing over (Sentinel)", modes: withRedis, loses: redisLoses("the replica lacked it"),
			servers: withSentinel, trouble: failingOver},
		{name: "a node of a Redis Cluster stopped and started empty", modes: withRedis, loses: redisLoses("its node kept nothing"),
			servers: withCluster, trouble: func(ctx context.Context, w *world) {
				n := w.cluster[rand.IntN(len(w.cluster))] // #nosec G404 -- not a secret
				w.bouts(ctx, n.Stop, n.Start)
			}},
		{name: "Redis back with an old copy", modes: withRedis, loses: redisLoses("Redis came back without it"), trouble: oldCopy},
		{name: "wrong type under our keys", modes: withRedis, loses: redisLoses("another value was written over it"), trouble: func(ctx context.Context, w *world) {
			w.spoil(ctx, w.wrongType)
		}},
		{name: "garbage under our keys", modes: withRedis, loses: redisLoses("another value was written over it"), trouble: func(ctx context.Context, w *world) {
			w.spoil(ctx, w.garbage)
		}},
		{name: "values cut short under our keys", modes: withRedis, loses: redisLoses("another value was written over it"), trouble: func(ctx context.Context, w *world) {
			w.spoil(ctx, w.cutShort)
		}},
	}
	for _, l := range all {
		l.instances = 2
	}
	return all
}

func withSentinel(t testing.TB, w *world) {
	w.sentinel = testdb.RedisSentinel(t)
	w.redisURL = "redis-sentinel://" + w.sentinel.Addr() + "/" + testdb.SentinelMaster
}

// failingOver stops the master and waits until Sentinel has promoted the replica.
func failingOver(ctx context.Context, w *world) {
	pause(ctx, time.Until(w.until)/3)
	w.sentinel.Nodes[0].Stop()
	w.struck()
	w.sentinel.AwaitFailover()
	pause(ctx, time.Until(w.until))
}

func withCluster(t testing.TB, w *world) {
	w.cluster = testdb.RedisClusterNodes(t)
	var addrs []string
	for _, n := range w.cluster {
		addrs = append(addrs, n.Addr())
	}
	w.redisURL = "redis-cluster://" + strings.Join(addrs, ",")
}

// bouts breaks and mends something repeatedly until ctx ends. An outage stays well under the minute after which an
// unreadable draft counts as lost.
func (w *world) bouts(ctx context.Context, breaks, mends func()) {
	every(ctx, 500*time.Millisecond, func() {
		breaks()
		w.struck()
		pause(ctx, time.Duration(200+rand.IntN(800))*time.Millisecond) // #nosec G404 -- not a secret
		mends()
	})
}

// evicting limits the memory of Redis to a few values.
func evicting(ctx context.Context, w *world) {
	every(ctx, 400*time.Millisecond, func() {
		w.redis.MaxMemory(1, "allkeys-random")
		w.struck()
		pause(ctx, 50*time.Millisecond)
		w.redis.MaxMemory(0, "noeviction")
	})
}

// oldCopy stops Redis while turns go on, and starts it with an older copy of its data.
func oldCopy(ctx context.Context, w *world) {
	every(ctx, 300*time.Millisecond, func() {
		w.redis.Save()
		pause(ctx, 150*time.Millisecond)
		w.redis.Stop()
		w.struck()
		pause(ctx, 200*time.Millisecond)
		w.redis.Start()
		i := w.running[rand.IntN(len(w.running))] // #nosec G404 -- not a secret
		i.kill()                                  // its cache hides the old copy
		w.again(i)
	})
}

// spoil calls key for every key, and kills an instance now and then, so that the values are read.
func (w *world) spoil(ctx context.Context, key func(string)) {
	n := 0
	every(ctx, 250*time.Millisecond, func() {
		for k := range strings.Lines(w.redis.Do("KEYS", "*")) {
			key(strings.TrimSpace(k))
		}
		w.struck()
		if n++; n%2 == 1 {
			w.running[0].kill()
			w.again(w.running[0])
		}
	})
}

func (w *world) wrongType(key string) {
	w.redis.Do("EVAL", `redis.call("DEL", KEYS[1]) return redis.call("LPUSH", KEYS[1], "x")`, "1", key) // atomic
}

func (w *world) garbage(key string) {
	b := make([]byte, rand.IntN(300)) // #nosec G404 -- not a secret
	for i := range b {
		b[i] = byte(rand.IntN(256)) // #nosec G404 -- not a secret
	}
	w.redis.Do("SET", key, string(b))
}

func (w *world) cutShort(key string) {
	if w.redis.Do("TYPE", key) == "string" {
		w.redis.Do("SET", key, w.redis.Do("GETRANGE", key, "0", "40"))
	}
}
