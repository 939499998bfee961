package testdb

import (
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// FaultyProxy is a TCP proxy with faults on command. Faults act on open and new
// connections, until they are switched off. Its methods may be called
// concurrently.
type FaultyProxy struct {
	t        testing.TB
	upstream string
	addr     string

	mu       sync.Mutex
	listener net.Listener // nil while refusing
	open     map[*link]struct{}
	flows    chan struct{} // closed while bytes may pass; an open channel makes links hang
	hanging  bool
	delay    time.Duration
	rate     int   // bytes a second in each direction of a connection; 0: no bound
	dropFrom int64 // answer bytes until the cut; negative: no cut
	dropped  int
}

// link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn
	gone           chan struct{} // closed when either side has ended
	once           sync.Once
}

// Proxy starts a proxy in front of upstream (host:port) for this test.
func Proxy(t testing.TB, upstream string) *FaultyProxy {
	t.Helper()
	p := &FaultyProxy{t: t, upstream: upstream, open: map[*link]struct{}{}, flows: make(chan struct{}), dropFrom: -1}
	close(p.flows)
	var err error
	for range 3 { // another program may take the port before its server does
		p.addr = localAddr(freePort())
		if err = p.listen(); err == nil {
			break
		}
	}
	must(t, err)
	t.Cleanup(p.shut)
	return p
}

// Addr returns the proxy's host:port.
func (p *FaultyProxy) Addr() string { return p.addr }

// URL rewrites the URL of the upstream server to pass through the proxy. For
// PostgreSQL the URL needs sslmode=disable, or pgx bypasses the proxy.
func (p *FaultyProxy) URL(of string) string {
	p.t.Helper()
	u, err := url.Parse(of)
	must(p.t, err)
	if u.Host != p.upstream {
		p.t.Fatalf("testdb: a proxy before %s cannot stand for %s", p.upstream, u.Host)
	}
	u.Host = p.addr
	return u.String()
}

// Hang stops bytes in both directions; connections are still accepted. Bytes
// sent meanwhile arrive after the hang, as with a paused server, even if the
// client has given up. (pgx then sends a cancel request on a second connection,
// which arrives too; either may be first.)
func (p *FaultyProxy) Hang(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on == p.hanging {
		return
	}
	p.hanging = on
	if on {
		p.flows = make(chan struct{})
	} else {
		close(p.flows)
	}
}

// Refuse closes the port and cuts open connections, as if the server were away.
func (p *FaultyProxy) Refuse(on bool) {
	p.t.Helper()
	if on {
		p.shut()
		return
	}
	p.mu.Lock()
	listening := p.listener != nil
	p.mu.Unlock()
	if !listening {
		must(p.t, p.listen())
	}
}

// Delay delays each piece of an answer (at most 32 KiB) by d. 0 switches it
// off.
func (p *FaultyProxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Throttle limits each direction of each connection to bytesPerSecond. 0
// switches it off.
func (p *FaultyProxy) Throttle(bytesPerSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = bytesPerSecond
}

// Cut resets (RST) the open connections. New connections work.
func (p *FaultyProxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.open {
		l.reset()
	}
}

// DropAnswerAfter lets n more bytes of answers pass, then drops the rest of
// that answer and resets its connection, once. With 0 before a commit, the
// commit happens and its answer is lost.
func (p *FaultyProxy) DropAnswerAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropFrom = n
}

// Dropped counts the answers that DropAnswerAfter dropped.
func (p *FaultyProxy) Dropped() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped
}

// Heal switches all faults off.
func (p *FaultyProxy) Heal() {
	p.t.Helper()
	p.Hang(false)
	p.Refuse(false)
	p.Delay(0)
	p.Throttle(0)
	p.DropAnswerAfter(-1)
}

func (p *FaultyProxy) listen() error {
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return fmt.Errorf("proxy before %s: %w", p.upstream, err)
	}
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(l, c.(*net.TCPConn))
		}
	}()
	return nil
}

// shut closes the port and resets every connection.
func (p *FaultyProxy) shut() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.Cut()
}

// serve serves one connection accepted by l.
func (p *FaultyProxy) serve(l net.Listener, client *net.TCPConn) {
	server, err := net.DialTimeout("tcp", p.upstream, 5*time.Second)
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		return
	}
	k := &link{client: client, server: server.(*net.TCPConn), gone: make(chan struct{})}
	p.mu.Lock()
	p.open[k] = struct{}{}
	late := p.listener != l // the port was closed during the dial
	p.mu.Unlock()
	if late {
		k.reset()
	}
	go func() {
		p.carry(k, k.client, k.server, false)
		k.close()
	}()
	p.carry(k, k.server, k.client, true)
	k.close()
	p.mu.Lock()
	delete(p.open, k)
	p.mu.Unlock()
}

// carry copies bytes from one side to the other, subject to the faults, until
// either side ends.
func (p *FaultyProxy) carry(k *link, from, to *net.TCPConn, answers bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !p.pass(k, to, buffer[:n], answers) {
			return
		}
		if err != nil {
			return
		}
	}
}

// pass forwards one piece; false when the connection has ended.
func (p *FaultyProxy) pass(k *link, to *net.TCPConn, piece []byte, answer bool) bool {
	p.mu.Lock()
	flows, delay, rate := p.flows, p.delay, p.rate
	p.mu.Unlock()
	select {
	case <-flows:
	case <-k.gone:
		return false
	}
	if answer && delay > 0 && !k.sleep(delay) {
		return false
	}
	drop := false
	if answer {
		piece, drop = p.cutAnswer(piece)
	}
	for len(piece) > 0 {
		n := len(piece)
		if rate > 0 { // a tenth of a second's worth at a time
			n = min(n, max(1, rate/10))
		}
		if rate > 0 && !k.sleep(time.Duration(n)*time.Second/time.Duration(rate)) {
			return false
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return false
		}
		piece = piece[n:]
	}
	if drop {
		k.reset()
	}
	return !drop
}

// cutAnswer applies DropAnswerAfter: it returns the part of an answer that may
// pass, and whether to cut after it.
func (p *FaultyProxy) cutAnswer(piece []byte) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dropFrom < 0 {
		return piece, false
	}
	if int64(len(piece)) <= p.dropFrom {
		p.dropFrom -= int64(len(piece))
		return piece, false
	}
	piece = piece[:p.dropFrom]
	p.dropFrom = -1
	p.dropped++
	return piece, true
}

// sleep waits, or returns false because the connection ended.
func (k *link) sleep(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-k.gone:
		return false
	}
}

// close closes both sides cleanly.
func (k *link) close() {
	k.once.Do(func() {
		close(k.gone)
		_ = k.client.Close()
		_ = k.server.Close()
	})
}

// reset closes the client's side with RST.
func (k *link) reset() {
	_ = k.client.SetLinger(0)
	k.close()
}
