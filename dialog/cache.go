package dialog

import (
	"container/list"
	"sync"
)

// cache keeps the records of live conversations, bounded in bytes; the least
// recently used goes first. It serves only turns that commit: CAS catches what
// is stale.
type cache struct {
	mu    sync.Mutex
	max   int
	bytes int
	order *list.List // of *Record, most recent first
	m     map[Key]*list.Element
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
		c.bytes += r.size() - e.Value.(*Record).size()
		e.Value = r
		c.order.MoveToFront(e)
	} else {
		c.m[r.Key] = c.order.PushFront(r)
		c.bytes += r.size()
	}
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
	c.bytes = 0
}

func (c *cache) remove(e *list.Element) {
	r := e.Value.(*Record)
	c.order.Remove(e)
	delete(c.m, r.Key)
	c.bytes -= r.size()
}

func (c *cache) stats() (records, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.m), c.bytes
}
