package limit

// Recent is a map with bounded memory. It has two generations of entries and drops
// the older generation when the newer one is full. It has no lock.
type Recent[V any] struct {
	most     int
	cur, old map[string]V
}

// NewRecent makes a map whose generations have at most size entries each.
func NewRecent[V any](size int) *Recent[V] { return &Recent[V]{most: size, cur: map[string]V{}} }

// Get finds an entry of either generation.
func (m *Recent[V]) Get(key string) (v V, ok bool) {
	if v, ok = m.cur[key]; ok {
		return v, true
	}
	v, ok = m.old[key]
	return v, ok
}

// Put keeps an entry in the current generation. A full generation becomes the old
// one first.
func (m *Recent[V]) Put(key string, v V) {
	if _, there := m.cur[key]; !there && len(m.cur) >= m.most {
		m.cur, m.old = make(map[string]V, m.most/4), m.cur
	}
	m.cur[key] = v
}

// Len counts the entries of both generations; an entry in both counts twice.
func (m *Recent[V]) Len() int { return len(m.cur) + len(m.old) }
