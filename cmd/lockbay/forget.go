package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// forgotten stands for a name in the list of an escrow whose people were forgotten.
const forgotten = "forgotten"

type draftsForgetCmd struct {
	Key string `arg:"" help:"flow/id, for example escrow/tg:1000001"`
}

// Run forgets one conversation.
func (c *draftsForgetCmd) Run(p *program, set *Settings) error {
	key, err := keyArg(c.Key)
	if err != nil {
		return err
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	return a.forgetKey(p, "drafts forget", key)
}

// forgetKey forgets one conversation, and says so.
func (a *app) forgetKey(p *program, verb string, key dialog.Key) error {
	err := a.engine.Forget(p.ctx, key)
	switch {
	case errors.Is(err, dialog.ErrNotFound):
		return fmt.Errorf("there is no conversation %s", key.Path())
	case errors.Is(err, dialog.ErrSchemaNewer):
		return fmt.Errorf("%s was written by a newer lockbay: forget it with the newer program", key.Path())
	case err != nil:
		return err
	}
	_, err = a.engine.Peek(p.ctx, key)
	a.tell(p, verb, &dialog.Forgotten{Key: key, Kept: err == nil})
	return nil
}

// tell says that a conversation was forgotten. The log has no id of a person.
func (a *app) tell(p *program, verb string, f *dialog.Forgotten) {
	name := f.Key.Path()
	if f.Key.Flow != deal.FlowName {
		name = f.Key.Masked()
	}
	a.set.logger(p.err).Info("audit: forgotten", "verb", verb, "key", name)
	end := ""
	if f.Kept {
		end = "; its books stay, without names and texts"
	}
	fmt.Fprintf(p.out, "Forgotten: %s%s\n", f.Key.Path(), end)
}

type forgetCmd struct {
	Who string `arg:"" name:"who" help:"a person, for example tg:1000001, or an escrow, ESC-XXXX-XXXXX"`
}

// owners begin the id of a person.
var owners = []string{"tg:", "web:", "tty:"}

// isOwner reports whether a text has the form of the key of a person.
func isOwner(text string) bool {
	return slices.ContainsFunc(owners, func(o string) bool { return len(text) > len(o) && strings.HasPrefix(text, o) })
}

// errKept is exit status 1 of forget.
var errKept = errors.New("not everything may be forgotten yet; give the command again later")

// Run forgets all that is known of a person, or of the people of one escrow.
func (c *forgetCmd) Run(p *program, set *Settings) error {
	person := isOwner(c.Who)
	id := ""
	if !person {
		var err error
		if id, err = (&escrowArg{ID: c.Who}).parse(p.ctx, set); errors.Is(err, lockbay.ErrEscrowID) && !errors.Is(err, lockbay.ErrEscrowSlip) {
			return usageError{fmt.Errorf("%q is neither a person such as tg:1000001 nor an escrow such as ESC-7K4M-92QXA", c.Who)}
		} else if err != nil {
			return err
		}
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	if !person {
		if _, err := oneEscrow(p.ctx, set, a.store, id); err != nil {
			return err
		}
		return a.forgetKey(p, "forget", dialog.Key{Bot: botName, Flow: deal.FlowName, ID: id})
	}
	return c.forgetPerson(p, a)
}

// forgetPerson forgets a person in all flows.
func (c *forgetCmd) forgetPerson(p *program, a *app) error {
	list, err := a.engine.ForgetPerson(p.ctx, c.Who)
	if err == nil {
		err = a.forgetCounts(p.ctx, c.Who)
	}
	kept := false
	for _, f := range list {
		if f.Err == nil {
			a.tell(p, "forget", &f)
			continue
		}
		kept = true
		fmt.Fprintf(p.out, "Kept: %s: %v\n", f.Key.Path(), f.Err)
	}
	switch {
	case errors.Is(err, dialog.ErrSchemaNewer):
		return errors.New("a newer lockbay wrote what is left: forget it with the newer program")
	case err != nil:
		return err
	case kept:
		return errKept
	case len(list) == 0:
		fmt.Fprintf(p.out, "Nothing is known of %s.\n", c.Who)
	}
	return nil
}

// longestBooks bounds how long books are kept.
const longestBooks = 100 * 366 * 24 * time.Hour

// keep is how long ended deals are kept: the setting people=90d,books=10y.
func (s *Settings) keep() (k lockbay.Keep, err error) {
	k = lockbay.DefaultKeep()
	given, err := pairs("keep", s.Keep)
	if err != nil {
		return k, err
	}
	for name, text := range given {
		d, err := readYears(text)
		least, into := 24*time.Hour, &k.People
		switch name {
		case "people":
		case "books":
			least, into = 0, &k.Books
		default:
			return k, badSetting("keep", name, "want people or books")
		}
		if err != nil || d < least || d > longestBooks {
			return k, badSetting("keep", name+"="+text, "want a time from 1d to 100y, for example people=90d,books=10y")
		}
		*into = d
	}
	if k.Books < k.People {
		return k, badSetting("keep", "books="+tidy(k.Books), "want at least as long as people, "+tidy(k.People))
	}
	return k, nil
}

// readYears is readDuration that knows years, too: 10y. A year has 366 days, so that nothing goes too early.
func readYears(text string) (time.Duration, error) {
	years, ok := strings.CutSuffix(text, "y")
	if !ok {
		return readDuration(text)
	}
	d, err := readDuration(years + "d")
	return 366 * min(d, longestBooks), err
}
