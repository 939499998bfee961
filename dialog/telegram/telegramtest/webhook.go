package telegramtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// webhook is the target of deliveries.
type webhook struct {
	url, secret string
	connections int
	ctx         context.Context
	stop        context.CancelFunc
	slots       chan struct{}   // one slot for each concurrent delivery
	lanes       map[string]bool // lanes in delivery
	lastError   string
	lastErrorAt time.Time
}

var secretToken = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// Webhook returns the webhook's URL and secret, both "" without a webhook.
func (s *Server) Webhook() (url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hook == nil {
		return "", ""
	}
	return s.hook.url, s.hook.secret
}

// WaitBot waits until a bot listens (by webhook or a waiting poll), at most for timeout, and reports success.
func (s *Server) WaitBot(timeout time.Duration) bool {
	return s.waitFor(timeout, func() bool { return s.hook != nil || s.poll != nil })
}

func (s *Server) setWebhook(r *request) answer {
	if r.url == "" {
		return s.deleteWebhook(r)
	}
	u, err := url.Parse(r.url)
	if err != nil || u.Host == "" {
		return badRequest("bad webhook: invalid webhook URL specified")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		s.violate(r.method, "a webhook without https", r.body)
		return badRequest("bad webhook: An HTTPS URL must be provided for webhook")
	}
	if r.secret != "" && !secretToken.MatchString(r.secret) {
		s.violate(r.method, "secret token of unallowed characters", r.body)
		return badRequest("secret token contains unallowed characters")
	}
	h := &webhook{url: r.url, secret: r.secret, connections: r.connections, lanes: map[string]bool{}}
	if h.connections < 1 || h.connections > 100 {
		h.connections = 40
	}
	h.slots = make(chan struct{}, h.connections)
	h.ctx, h.stop = context.WithCancel(s.ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.endPoll(conflictSet)
	s.dropWebhook(r.dropPending)
	s.setAllowed(r)
	s.hook = h
	s.notify()
	for _, q := range s.pending {
		s.startLane(h, q.lane)
	}
	return yes
}

func (s *Server) deleteWebhook(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropWebhook(r.dropPending)
	return yes
}

func (s *Server) dropWebhook(dropPending bool) {
	if s.hook != nil {
		s.hook.stop()
		s.hook = nil
	}
	if dropPending {
		s.pending = nil
	}
	s.notify()
}

func (s *Server) webhookInfo() answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	info := struct {
		URL         string   `json:"url"`
		Certificate bool     `json:"has_custom_certificate"`
		Pending     int      `json:"pending_update_count"`
		ErrorDate   int64    `json:"last_error_date,omitempty"`
		Error       string   `json:"last_error_message,omitempty"`
		Connections int      `json:"max_connections,omitempty"`
		Allowed     []string `json:"allowed_updates,omitempty"`
	}{Pending: len(s.pending)}
	if h := s.hook; h != nil {
		info.URL, info.Connections, info.Error = h.url, h.connections, h.lastError
		if h.lastError != "" {
			info.ErrorDate = h.lastErrorAt.Unix()
		}
	}
	for kind := range s.allowed {
		info.Allowed = append(info.Allowed, kind)
	}
	slices.Sort(info.Allowed)
	b, _ := json.Marshal(info)
	return answer{code: 200, result: b}
}

// startLane starts the delivery of a lane that is idle. The caller holds the lock.
func (s *Server) startLane(h *webhook, lane string) {
	if h.lanes[lane] || s.ctx.Err() != nil {
		return
	}
	h.lanes[lane] = true
	s.wg.Add(1)
	go s.deliverLane(h, lane)
}

// deliverLane posts the updates of a lane in order, each until it succeeds or expires.
func (s *Server) deliverLane(h *webhook, lane string) {
	defer s.wg.Done()
	for {
		s.mu.Lock()
		s.expire()
		i := slices.IndexFunc(s.pending, func(q *queued) bool { return q.lane == lane })
		if i < 0 || s.hook != h || s.ctx.Err() != nil {
			delete(h.lanes, lane)
			s.notify()
			s.mu.Unlock()
			return
		}
		q := s.pending[i]
		s.mu.Unlock()

		select {
		case h.slots <- struct{}{}:
		case <-h.ctx.Done():
			continue
		}
		reply, wait, problem := s.post(h, q)
		<-h.slots
		if problem == "" {
			s.Execute(reply)
		}

		s.mu.Lock()
		if problem == "" {
			s.forget(q)
			s.mu.Unlock()
			continue
		}
		if s.hook == h {
			h.lastError, h.lastErrorAt = problem, s.opt.Now()
		}
		q.attempts++
		if wait == 0 {
			wait = time.Duration(1<<min(q.attempts, 6)) * time.Second
		} else if s.opt.Now().Add(wait).After(q.expires) {
			s.forget(q) // Retry-After is later than the update's expiry
			s.dropped = append(s.dropped, q.Update)
		}
		s.mu.Unlock()
		s.logf("telegramtest: update %d not delivered: %s", q.ID, problem)
		pause := time.NewTimer(time.Duration(float64(wait) * s.opt.RetryScale))
		select {
		case <-pause.C:
		case <-h.ctx.Done():
		}
		pause.Stop()
	}
}

// forget removes an update from the queue. The caller holds the lock.
func (s *Server) forget(q *queued) {
	s.pending = slices.DeleteFunc(s.pending, func(p *queued) bool { return p == q })
	s.notify()
}

// post delivers one update. wait is the webhook's Retry-After, else 0; problem is the reason of a failure, in the API's
// words.
func (s *Server) post(h *webhook, q *queued) (reply []byte, wait time.Duration, problem string) {
	ctx, cancel := context.WithTimeout(h.ctx, s.opt.WebhookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(q.JSON()))
	if err != nil {
		return nil, 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", h.secret)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, 0, "Connection failed: " + err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, 0, "Connection closed: " + err.Error()
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return nil, time.Duration(seconds) * time.Second, "Wrong response from the webhook: " + res.Status
	}
	if len(bytes.TrimSpace(body)) > 0 && !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		s.violate("", "a webhook's answer of type "+strconv.Quote(res.Header.Get("Content-Type")), string(body))
		return nil, 0, ""
	}
	return body, 0, ""
}
