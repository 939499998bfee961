package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// settings are the settings of a command line, on a database of the test's own.
func settings(t testing.TB, flags ...string) *Settings {
	t.Helper()
	var c cli
	p := &program{out: io.Discard, err: io.Discard}
	k, err := p.newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	k.Exit = func(int) { t.Fatal("the parser wants to exit") }
	var kctx *kong.Context
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--database-url", "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")}, flags...)
	if kctx, err = k.Parse(args); err != nil || kctx.Command() != "serve" {
		t.Fatalf("%v", err)
	}
	return &c.Settings
}

// inProcess runs the whole program in this process. stop ends it and returns the time that took.
func inProcess(t *testing.T, set *Settings) (s *server, log *shared, stop func() time.Duration) {
	t.Helper()
	log = &shared{}
	s, err := startServer(t.Context(), set, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx) }()
	stopped := false
	stop = func() time.Duration {
		t.Helper()
		if stopped {
			return 0
		}
		stopped = true
		began := time.Now()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("the server does not stop")
		}
		return time.Since(began)
	}
	t.Cleanup(func() { stop() })
	return s, log, stop
}

func status(t *testing.T, url string, header ...string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for h := 0; h < len(header); h += 2 {
		req.Header.Set(header[h], header[h+1])
		if header[h] == "Host" {
			req.Host = header[h+1]
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// A stop takes less than ten seconds even with a request that never ends. Meanwhile the server answers, and /readyz reports
// draining. On a busy machine the test may need several stops to see that.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	if most := lingerWorld + shutFor + closeFor; 10*time.Second <= most {
		t.Errorf("a stop takes up to %v", most)
	}
	soon(t, "a stop is as quick, and what it answers is seen", func() bool {
		took, saw := drains(t)
		return took < 10*time.Second && saw == [2]int{http.StatusServiceUnavailable, http.StatusOK}
	})
}

// drains stops a server in the middle of a request. It returns the time that took, and the answers of /readyz and the page
// meanwhile.
func drains(t *testing.T) (took time.Duration, saw [2]int) {
	t.Helper()
	s, log, stop := inProcess(t, settings(t))
	url := "http://" + s.addr
	if got := status(t, url+"/readyz"); got != http.StatusOK {
		t.Fatalf("readyz: %d", got)
	}
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntext=half", s.addr)
	quick, err := net.Dial("tcp", s.addr) // browsers open idle connections in advance
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Close()

	seen := make(chan [2]int, 1)
	go func() {
		for {
			if got := status(t, url+"/readyz"); got != http.StatusOK {
				seen <- [2]int{got, status(t, url+"/")}
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	took, saw = stop(), <-seen
	if !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Errorf("no word of the stop:\n%s", log)
	}
	return took, saw
}

// /metrics is on the main address only if that is loopback, and only for requests of this machine to a loopback name.
func TestServeMetrics(t *testing.T) {
	t.Parallel()
	s, _, _ := inProcess(t, settings(t))
	url := "http://" + s.addr
	for _, c := range []struct {
		want   int
		header []string
	}{
		{http.StatusOK, nil},
		{http.StatusOK, []string{"Host", "localhost"}},
		{http.StatusMisdirectedRequest, []string{"Host", "evil.example"}},
		{http.StatusNotFound, []string{"X-Forwarded-For", "203.0.113.7"}},
	} {
		if got := status(t, url+"/metrics", c.header...); got != c.want {
			t.Errorf("metrics with %v: %d, want %d", c.header, got, c.want)
		}
	}
	if got := status(t, url+"/healthz"); got != http.StatusOK {
		t.Errorf("healthz: %d", got)
	}
	if got := status(t, url+"/telegram/webhook"); got != http.StatusNotFound {
		t.Errorf("a webhook without a token: %d", got)
	}

	world, _, _ := inProcess(t, settings(t, "--listen", "0.0.0.0:0"))
	if got := status(t, "http://"+reachable(world.addr)+"/metrics"); got != http.StatusNotFound {
		t.Errorf("metrics for the world: %d", got)
	}
	public, log, _ := inProcess(t, settings(t, "--public-url", "https://pay.example"))
	for _, host := range []string{"localhost", "127.0.0.1:8080", "[::1]", "pay.example"} { // a proxy may send any
		if got := status(t, "http://"+public.addr+"/metrics", "Host", host); got == http.StatusOK {
			t.Errorf("metrics behind a proxy that asks for %s", host)
		}
	}
	status(t, "http://"+public.addr+"/", "Host", "pay.example", "Sec-Fetch-Mode", "navigate")
	status(t, "http://"+public.addr+"/", "Host", "localhost") // a probe
	status(t, "http://"+public.addr+"/", "Host", "localhost", "Sec-Fetch-Mode", "navigate", "X-Forwarded-For", "203.0.113.7")
	if strings.Contains(log.String(), "a browser asked for") {
		t.Errorf("a proxy that says who asks is told as bare:\n%s", log)
	}
	status(t, "http://"+public.addr+"/", "Host", "localhost:8080", "Sec-Fetch-Mode", "navigate")
	if !strings.Contains(log.String(), "a browser asked for localhost:8080, not for https://pay.example") {
		t.Errorf("no word of a bare proxy:\n%s", log)
	}
	apart, _, _ := inProcess(t, settings(t, "--admin-listen", "127.0.0.1:0"))
	if got := status(t, "http://"+apart.addr+"/metrics"); got != http.StatusNotFound {
		t.Errorf("metrics beside the page although they have an address: %d", got)
	}
	if got := status(t, "http://"+apart.admin+"/metrics"); got != http.StatusOK {
		t.Errorf("metrics at their own address: %d", got)
	}
}

// Metrics count, and their labels are codes.
func TestMetricNames(t *testing.T) {
	i := serve(t)
	visit(t, i).tap("create").say("@Anna_ceramics").say("1.250,50 eur").at("description_input")
	_, text := i.fetch("/metrics")
	for _, want := range []string{
		`lockbay_turns_total{did="applied"} `, "lockbay_turn_seconds_bucket", "lockbay_rehydration_seconds_count", "lockbay_conflicts_total 0", "lockbay_cached_records 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	for _, private := range []string{"Anna", "1250", "1,250", "web:", "escrow/"} {
		s := bufio.NewScanner(strings.NewReader(text))
		for s.Scan() {
			if strings.HasPrefix(s.Text(), "lockbay_") && strings.Contains(s.Text(), private) {
				t.Errorf("%q in the metrics: %s", private, s.Text())
			}
		}
	}
}

// A taken port is an error of one line with status 1, and leaves no files behind.
func TestServeBusyPort(t *testing.T) {
	t.Parallel()
	i := serve(t)
	for _, flag := range []string{"--listen", "--admin-listen"} {
		out, err := i.run("serve", "--listen", "127.0.0.1:0", flag, i.Addr)
		if err == nil || out != "" || !strings.Contains(err.Error(), fmt.Sprintf("exit status 1: lockbay: %s: %q: address already in use", flag, i.Addr)) {
			t.Errorf("%s: %v\n%s", flag, err, out)
		}
	}
	if _, err := i.run("healthcheck", "--listen", i.Addr); err != nil {
		t.Error(err)
	}
	i.stop()
	if _, err := i.run("healthcheck", "--listen", i.Addr); err == nil || !strings.Contains(err.Error(), "exit status 1: lockbay: nothing answers at "+i.Addr) {
		t.Errorf("healthcheck of nothing: %v", err)
	}
}

// A start takes at most a few times as long as any command, since restarts are frequent.
func TestColdStart(t *testing.T) {
	i := serve(t)
	best, command := i.ready, time.Hour
	soon(t, "it is ready quickly", func() bool {
		i.restart()
		best = min(best, i.ready)
		began := time.Now()
		i.must("version")
		command = min(command, time.Since(began))
		return best < 10*command
	})
	t.Logf("ready after %v, a command takes %v", best, command)
}
