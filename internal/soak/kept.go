package soak

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers
	_ "modernc.org/sqlite"
)

// location is where a draft is stored; the numbers are those of the column draft_at.
type location int

const (
	inRow location = iota
	inRedis
	inMemory
	anywhere // unknown: the draft may have moved since the last look
)

func (p location) String() string {
	return [...]string{"in the row", "in Redis", "in memory", "nobody knows where"}[p]
}

// risks is the location besides the row that a mode uses, and may lose.
func risks(mode string) location {
	switch mode {
	case "redis":
		return inRedis
	case "lightweight":
		return inMemory
	}
	return inRow
}

// look is the draft's state in the row.
type look struct {
	draft  string
	at     location
	lost   bool // lost once, so kept in the row since
	over   bool // the draft has ended, so lost means nothing
	schema int
}

// keeping follows the location of a draft, look by look, and judges it. A draft in the row is never lost. A draft
// elsewhere is lost only if its mode and the line allow it, and stays in the row after that.
type keeping struct {
	mode string
	may  bool // whether this line may lose drafts of this mode

	mu      sync.Mutex
	draft   string
	at      location
	lost    bool
	marked  bool   // the row has shown the loss
	noticed bool   // the person was asked again
	wrong   string // why the loss of this draft breaks the promise
}

// saw adds a look and returns a broken promise, or "".
func (k *keeping) saw(l look) (wrong string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l.draft != k.draft {
		k.draft, k.at, k.lost, k.marked, k.noticed, k.wrong = l.draft, anywhere, false, false, false, ""
	}
	switch {
	case l.at != inRow && l.at != risks(k.mode):
		wrong = fmt.Sprintf("the draft is %v in mode %s", l.at, k.mode)
	case l.lost && l.at != inRow:
		wrong = fmt.Sprintf("a draft that was lost once is %v again", l.at)
	case k.lost && !l.lost && !l.over:
		wrong = "the row has forgotten that the draft was lost once"
	case l.lost && !k.lost && (k.at == inRow || !k.may):
		k.wrong = fmt.Sprintf("a draft was lost that was %v", k.at)
		wrong = k.wrong
	}
	k.at, k.lost, k.marked = l.at, l.lost, k.marked || l.lost
	return wrong
}

// doubt makes the location unknown.
func (k *keeping) doubt() {
	k.mu.Lock()
	k.at = anywhere
	k.mu.Unlock()
}

// notice adds a repeated question, and reports whether it is allowed.
func (k *keeping) notice() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.noticed = true
	return k.may && k.wrong == ""
}

// over ends a draft. It returns a broken promise if the person noticed a loss that the row lacks.
func (k *keeping) over() (wrong string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.noticed && !k.marked && k.at != anywhere {
		wrong = "answers were asked again, and the row knows of no loss"
	}
	k.noticed = false
	return wrong
}

// rows reads the location of drafts from the database.
type rows struct {
	db    *sql.DB
	query string
}

const (
	lookFor  = 10 * time.Second
	ofPerson = `select draft_id, draft_at, conversation_state = '', schema, state from conversations where key = `
)

func openRows(url string) (*rows, error) {
	driver, query := "pgx", ofPerson+"$1"
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, query, url = "sqlite", ofPerson+"?", "file:"+file+"?_pragma=query_only(1)&_pragma=busy_timeout(200)"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	return &rows{db, query}, nil
}

func (r *rows) look(ctx context.Context, key string) (l look, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	var state []byte
	switch err := r.db.QueryRowContext(ctx, r.query, key).Scan(&l.draft, &l.at, &l.over, &l.schema, &state); {
	case errors.Is(err, sql.ErrNoRows):
		return look{}, nil
	case err != nil:
		return look{}, err
	}
	var is struct {
		Lost bool `json:"l"`
	}
	if err := json.Unmarshal(state, &is); err != nil {
		return look{}, err
	}
	l.lost = is.Lost
	return l, nil
}

// looks reports whether people follow the location of their drafts. A restored backup contradicts their looks.
func (w *world) looks() bool {
	return !w.restores && (risks(w.mode) != inRow || w.kinds != nil)
}

// find takes a look at the draft. Without an answer of the database, its location is unknown.
func (p *person) find(ctx context.Context) {
	if p.w.rows == nil {
		return
	}
	l, err := p.w.rows.look(ctx, fmt.Sprintf("lockbay:escrow:tg:%d", p.id))
	if err != nil {
		p.kept.doubt()
		return
	}
	p.w.looked(l)
	if wrong := p.kept.saw(l); wrong != "" {
		p.w.complain("%s", wrong)
		p.w.tell(p, wrong)
	}
}

// looked counts a look.
func (w *world) looked(l look) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.looks++
	if l.draft != "" && l.schema > 0 {
		w.seen.schemas[l.schema] = true
	}
}
