package intake_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// TestMisspeltTerm: a question of a term that is not declared is an error of dialog.New.
func TestMisspeltTerm(t *testing.T) {
	for i, name := range []string{"sellr", "Amount", "", "descriptions", "hours", "fee"} {
		f := intake.New(intake.Config{})
		q := &f.Questions[i%len(f.Questions)]
		q.Field = name
		_, err := dialog.New(dialog.NewMemory(), dialog.Config{}, f)
		if err == nil || !strings.Contains(err.Error(), q.Name) || !strings.Contains(err.Error(), `"`+name+`"`) {
			t.Errorf("%s asks for %q: %v", q.Name, name, err)
		}
	}
}
