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

// place is where a draft is kept; the numbers are those of the column draft_at.
type place int

const (
	inRow place = iota
	inRedis
	inMemory
	anywhere // nobody knows: something may have happened since the last look
)

func (p place) String() string {
	return [...]string{"in the row", "in Redis", "in memory", "nobody knows where"}[p]
}

// risks is the place from which a mode may lose a draft, besides the row, which loses nothing.
func risks(mode string) place {
	switch mode {
	case "redis":
		return inRedis
	case "lightweight":
		return inMemory
	}
	return inRow
}

// look is what a row says of the draft in hand.
type look struct {
	draft  string
	at     place
	lost   bool // once, and therefore kept in the row since
	over   bool // in no flow: what was lost before says nothing any more
	schema int
}

// keeping is what a person knows of where the draft is kept, look after look,
// and judges it: a draft that was in the row is never lost, another one only
// where its mode and the line allow it, and after one loss it stays in the row.
type keeping struct {
	mode string
	may  bool // whether this line may lose drafts of this mode

	mu      sync.Mutex
	draft   string
	at      place
	lost    bool
	marked  bool   // the row has said so at some time
	noticed bool   // answers were asked again
	wrong   string // why the loss of this draft is not allowed
}

// saw takes a look, and says what is not as promised.
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

// doubt says that the draft may be elsewhere by now.
func (k *keeping) doubt() {
	k.mu.Lock()
	k.at = anywhere
	k.mu.Unlock()
}

// notice says that an answer was asked again. It reports whether that is allowed.
func (k *keeping) notice() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.noticed = true
	return k.may && k.wrong == ""
}

// over ends a draft, and says what is not as promised: what people notice, the
// row must know.
func (k *keeping) over() (wrong string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.noticed && !k.marked && k.at != anywhere {
		wrong = "answers were asked again, and the row knows of no loss"
	}
	k.noticed = false
	return wrong
}

// rows reads where drafts are kept, right from the database.
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

// looks reports whether people look where their drafts are kept. What was
// restored from a backup is of another time than what they know.
func (w *world) looks() bool {
	return !w.restores && (risks(w.mode) != inRow || w.kinds != nil)
}

// find looks where the draft is kept. What cannot be seen is not known.
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
