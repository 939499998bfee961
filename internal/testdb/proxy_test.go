package testdb

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestLostAnswer: the commit happens and its answer is lost.
func TestLostAnswer(t *testing.T) {
	direct := Postgres(t)
	p := proxyBefore(t, direct)
	d, c := connect(t, direct), connect(t, p.URL(direct))
	execute(t, c, "create table a(n int)")
	p.DropAnswerAfter(0)
	if _, err := c.Exec(t.Context(), "insert into a values(1)"); err == nil {
		t.Error("the answer arrived")
	}
	if n := count(t, d, "select count(*) from a"); n != 1 || p.Dropped() != 1 {
		t.Errorf("%d rows, %d answers dropped", n, p.Dropped())
	}
	execute(t, connect(t, p.URL(direct)), "insert into a values(1)") // the proxy drops one answer only
}

// TestHangEndsAtTheDeadline: a hang costs a caller its own deadline only.
func TestHangEndsAtTheDeadline(t *testing.T) {
	direct := Postgres(t)
	p := proxyBefore(t, direct)
	d, c := connect(t, direct), connect(t, p.URL(direct))
	execute(t, c, "create table a(n int)")
	p.Hang(true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.Exec(ctx, "insert into a values(1)"); err == nil {
		t.Error("a hanging server answered")
	}
	if took := time.Since(began); took < 190*time.Millisecond || took > startTimeout {
		t.Errorf("a deadline of 200 ms took %v", took)
	}
	if n := count(t, d, "select count(*) from a"); n != 0 {
		t.Errorf("%d rows during the hang", n)
	}
	p.Heal()
	execute(t, connect(t, p.URL(direct)), "select 1")
}

// TestHangKeepsWhatWasSent: bytes sent during a hang arrive after it, even if
// the sender has gone.
func TestHangKeepsWhatWasSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	arrived := make(chan string, 2)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		for b := make([]byte, 100); ; {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			arrived <- string(b[:n])
		}
	}()
	p := Proxy(t, l.Addr().String())
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write([]byte("before"))
	if got := <-arrived; got != "before" {
		t.Fatalf("got %q", got)
	}
	p.Hang(true)
	_, _ = c.Write([]byte("during"))
	_ = c.Close()
	select {
	case got := <-arrived:
		t.Fatalf("%q passed during the hang", got)
	case <-time.After(100 * time.Millisecond):
	}
	p.Hang(false)
	select {
	case got := <-arrived:
		if got != "during" {
			t.Errorf("got %q", got)
		}
	case <-time.After(startTimeout):
		t.Error("the bytes never arrived")
	}
}

func TestRefuse(t *testing.T) {
	direct := Postgres(t)
	p := proxyBefore(t, direct)
	c := connect(t, p.URL(direct))
	p.Refuse(true)
	if _, err := c.Exec(t.Context(), "select 1"); err == nil {
		t.Error("an open connection survived")
	}
	if _, err := pgx.Connect(t.Context(), p.URL(direct)); !refused(err) {
		t.Errorf("a new connection: %v", err)
	}
	p.Refuse(false)
	execute(t, connect(t, p.URL(direct)), "select 1")
}

func TestDelay(t *testing.T) {
	p, c := throughEcho(t)
	p.Delay(150 * time.Millisecond)
	if took := echo(t, c, 100); took < 150*time.Millisecond {
		t.Errorf("an answer delayed by 150 ms took %v", took)
	}
	p.Heal()
	if err := poll("healed, an answer comes at once", func() (bool, error) { return echo(t, c, 100) < 140*time.Millisecond, nil }); err != nil {
		t.Error(err)
	}
}

func TestThrottle(t *testing.T) {
	p, c := throughEcho(t)
	p.Throttle(100_000) // 20,000 bytes: 0.2 s on the way out; the way back overlaps
	if took := echo(t, c, 20_000); took < 180*time.Millisecond {
		t.Errorf("20 kB at 100 kB/s took %v", took)
	}
}

func TestCutResets(t *testing.T) {
	p, c := throughEcho(t)
	echo(t, c, 10)
	p.Cut()
	_ = c.SetReadDeadline(time.Now().Add(startTimeout))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
	again, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	echo(t, again, 10)
}

func TestDropAnswerInTheMiddle(t *testing.T) {
	p, c := throughEcho(t)
	echo(t, c, 10)
	p.DropAnswerAfter(4)
	_, _ = c.Write([]byte("0123456789"))
	_ = c.SetReadDeadline(time.Now().Add(startTimeout))
	got, err := io.ReadAll(c)
	// A reset may overtake the bytes before it in the client's kernel.
	if len(got) > 4 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestUpstreamAway(t *testing.T) {
	p := Proxy(t, localAddr(freePort()))
	c, err := net.Dial("tcp", p.Addr())
	if err == nil { // the reset may come during the dial already
		defer func() { _ = c.Close() }()
		_ = c.SetReadDeadline(time.Now().Add(startTimeout))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
}

func TestProxyURLOfAnotherServer(t *testing.T) {
	r := &recorder{TB: t}
	p := Proxy(t, "127.0.0.1:1")
	p.t = r
	defer func() {
		if recover() == nil || r.said == "" {
			t.Error("URL accepted a server other than the upstream")
		}
	}()
	p.URL("redis://127.0.0.1:2")
}

func proxyBefore(t *testing.T, postgresURL string) *FaultyProxy {
	t.Helper()
	cfg, err := pgx.ParseConfig(postgresURL)
	if err != nil {
		t.Fatal(err)
	}
	return Proxy(t, localAddr(int(cfg.Port)))
}

// throughEcho returns a connection through a proxy to an echo server.
func throughEcho(t *testing.T) (*FaultyProxy, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	p := Proxy(t, l.Addr().String())
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return p, c
}

// echo sends n bytes, reads them back and returns how long it took.
func echo(t *testing.T, c net.Conn, n int) time.Duration {
	t.Helper()
	began := time.Now()
	_ = c.SetDeadline(began.Add(startTimeout))
	if _, err := c.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
