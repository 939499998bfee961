package dialog

import (
	"container/list"
	"sync"
)

// cache keeps the records of live conversations, bounded in bytes; the least recently
// used is dropped first. A cached record may be old: the compare-and-swap rejects a
// turn on it.
type cache struct {
	mu     sync.Mutex
	max    int
	bytes  int
	drafts int        // records whose draft is in memory only
	order  *list.List // of *Record, most recent first
	m      map[Key]*list.Element
}

func newCache(maxBytes int) *cache {
	return &cache{max: maxBytes, order: list.New(), m: map[Key]*list.Element{}}
}

func (c *cache) get(key Key) *Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.m[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*Record)
}

func (c *cache) put(r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.m[r.Key]; e != nil {
		c.count(e.Value.(*Record), -1)
		e.Value = r
		c.order.MoveToFront(e)
	} else {
		c.m[r.Key] = c.order.PushFront(r)
	}
	c.count(r, 1)
	for c.bytes > c.max && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *cache) drop(key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.m[key]; e != nil {
		c.remove(e)
	}
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.Init()
	clear(c.m)
	c.bytes, c.drafts = 0, 0
}

func (c *cache) remove(e *list.Element) {
	r := e.Value.(*Record)
	c.order.Remove(e)
	delete(c.m, r.Key)
	c.count(r, -1)
}

func (c *cache) count(r *Record, n int) {
	c.bytes += n * r.size()
	if r.Where == InMemory {
		c.drafts += n
	}
}

// due returns the records whose draft is in memory only and whose timer is due at now,
// unix milliseconds. It does not count as a use.
func (c *cache) due(now int64) (due []*Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drafts == 0 {
		return nil
	}
	for e := c.order.Front(); e != nil; e = e.Next() {
		r := e.Value.(*Record)
		if r.Where == InMemory && len(r.dueTimers(now)) > 0 {
			due = append(due, r)
		}
	}
	return due
}

func (c *cache) stats() (records, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.m), c.bytes
}
