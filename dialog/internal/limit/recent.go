package limit

// Recent is a map that forgets what was not put lately: two generations of at most
// so many entries each, so that its memory is bounded. It has no lock.
type Recent[V any] struct {
	most     int
	cur, old map[string]V
}

// NewRecent makes a map whose generations have at most so many entries.
func NewRecent[V any](most int) *Recent[V] { return &Recent[V]{most: most, cur: map[string]V{}} }

// Get finds an entry of either generation.
func (m *Recent[V]) Get(key string) (v V, ok bool) {
	if v, ok = m.cur[key]; ok {
		return v, true
	}
	v, ok = m.old[key]
	return v, ok
}

// Put keeps an entry in the current generation. Where that is full, it becomes the
// old one, and the old one is forgotten.
func (m *Recent[V]) Put(key string, v V) {
	if _, there := m.cur[key]; !there && len(m.cur) >= m.most {
		m.cur, m.old = make(map[string]V, m.most/4), m.cur
	}
	m.cur[key] = v
}

// Len counts the entries of both generations; one that is in both counts twice.
func (m *Recent[V]) Len() int { return len(m.cur) + len(m.old) }
