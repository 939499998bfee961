package form

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// answersMost bounds the answers of a draft in bytes. A row has room for them, and for what
// was typed last. A form with effects has room for a draft that an effect carries, with a
// few words more, in two effects at a time.
func (f *Form[T]) answersMost() int {
	if len(f.Effects) > 0 {
		return dialog.ArgMost - 1<<10
	}
	return 32 << 10
}

// encode is d as it is stored. Unlike json.Marshal it leaves < > & as they are, which would
// become six bytes each.
func encode(d any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// own copies a draft for a turn to change: the draft itself belongs to a committed
// record, which other goroutines read.
func own[T any](d *T) *T {
	next := new(T)
	if flat(reflect.TypeFor[T]()) {
		*next = *d
		return next
	}
	raw, err := json.Marshal(d) // as it is stored
	if err == nil {
		err = json.Unmarshal(raw, next)
	}
	if err != nil {
		panic("dialog: copy draft: " + err.Error()) // a defect of T: d was decoded from JSON
	}
	return next
}

var flatTypes sync.Map // reflect.Type → bool

// flat reports whether a plain copy of a value of type t shares no memory with it.
func flat(t reflect.Type) bool {
	if known, ok := flatTypes.Load(t); ok {
		return known.(bool)
	}
	is := true
	switch t.Kind() {
	case reflect.Struct:
		for i := 0; i < t.NumField() && t != reflect.TypeFor[time.Time](); i++ {
			is = is && flat(t.Field(i).Type)
		}
	case reflect.Array:
		is = flat(t.Elem())
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		is = false
	}
	flatTypes.Store(t, is)
	return is
}
