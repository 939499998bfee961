package lockbay

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// refusedFields are the fields that the rules refuse, each with its code.
func refusedFields(t *testing.T, terms *Terms, r *Rules) (list []string) {
	t.Helper()
	for _, f := range Fields {
		if code, _ := refused(t, f.Check(terms, r)); code != "" {
			list = append(list, f.Name+" "+code)
		}
	}
	return list
}

// whole are the terms of plates with a value in every field.
func whole() Terms {
	terms := plates()
	for _, f := range Fields {
		if !f.Given(&terms) {
			f.Sample(&terms, 0)
		}
	}
	return terms
}

func TestTermsUnderTodaysRules(t *testing.T) {
	terms := whole()
	if list := refusedFields(t, &terms, DefaultRules()); list != nil {
		t.Fatal(list)
	}
	for want, change := range map[string]func(*Rules, *Terms){
		"amount amount.withdrawn":       func(r *Rules, _ *Terms) { r.Currencies = []string{"USD"} },
		"amount amount.too_small":       func(r *Rules, _ *Terms) { r.Limits["EUR"] = Range{200000, 300000} },
		"amount amount.too_large":       func(r *Rules, _ *Terms) { r.Limits["EUR"] = Range{100, 200} },
		"delivery delivery.long":        func(r *Rules, _ *Terms) { r.DeliveryMax = 48 },
		"delivery delivery.short":       func(_ *Rules, t *Terms) { t.DeliveryHours = 0 },
		"description description.short": func(r *Rules, _ *Terms) { r.DescriptionMin = 100 },
		"description description.long":  func(r *Rules, _ *Terms) { r.DescriptionMax = 20 },
		"seller seller.unknown":         func(_ *Rules, t *Terms) { t.Seller = Party{} },
		"seller seller.short":           func(_ *Rules, t *Terms) { t.Seller.Value = "ann" },
		"fee_payer not_offered":         func(_ *Rules, t *Terms) { t.FeePayer = "me" },
	} {
		r, terms := DefaultRules(), whole()
		change(r, &terms)
		if list := refusedFields(t, &terms, r); len(list) != 1 || list[0] != want {
			t.Errorf("refused: %q, want %s", list, want)
		}
	}
	if list := refusedFields(t, &Terms{}, DefaultRules()); len(list) != len(Fields) {
		t.Errorf("nothing answered, and refused are only %q", list)
	}
}

// TestEveryFieldIsDeclared: each field of Terms has one row of the table, whose names are its own.
func TestEveryFieldIsDeclared(t *testing.T) {
	var keys, rows, names []string
	for f := range reflect.TypeFor[Terms]().Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		keys = append(keys, key)
	}
	for _, f := range Fields {
		rows, names = append(rows, f.Key), append(names, f.Name)
		if FieldOf(f.Name) != f {
			t.Errorf("%s is there twice", f.Name)
		}
		if readers := (f.text != nil || f.number != nil) && f.check != nil && f.sample != nil && f.read != nil; readers == (f.word != nil) || (f.number == nil) != (f.Number == "") {
			t.Errorf("%s: a row has a word with options, or text or number with check, sample and read", f.Name)
		}
		if (f.word != nil) != (len(f.Options) > 0) {
			t.Errorf("%s: a word has options", f.Name)
		}
	}
	if !slices.Equal(keys, rows) || FieldOf("nobody") != nil {
		t.Errorf("Terms has the JSON keys %q, the table %q (%q)", keys, rows, names)
	}
}

// leaves calls do with each number and string of a value, and its path.
func leaves(v reflect.Value, path string, do func(path string, leaf reflect.Value)) {
	if v.Kind() != reflect.Struct {
		do(path, v)
		return
	}
	for i := range v.NumField() {
		leaves(v.Field(i), path+"."+v.Type().Field(i).Name, do)
	}
}

// TestEveryFieldReachesTheHash: the hash is the buyer's consent, so every change of the terms changes it.
func TestEveryFieldReachesTheHash(t *testing.T) {
	r, sample := DefaultRules(), Terms{}
	for _, f := range Fields {
		f.Sample(&sample, 1)
	}
	shown := r.Quote(sample).Hash
	leaves(reflect.ValueOf(&sample).Elem(), "Terms", func(path string, leaf reflect.Value) {
		was := reflect.ValueOf(leaf.Interface())
		switch leaf.Kind() {
		case reflect.String:
			leaf.SetString(leaf.String() + "x")
		case reflect.Int, reflect.Int64:
			leaf.SetInt(leaf.Int() + 1)
		case reflect.Uint8:
			leaf.SetUint(leaf.Uint() + 1)
		case reflect.Bool:
			leaf.SetBool(!leaf.Bool())
		default:
			t.Fatalf("%s is a %s: say how to change it", path, leaf.Kind())
		}
		if r.Quote(sample).Hash == shown {
			t.Errorf("%s is another, and the quote has the same hash", path)
		}
		leaf.Set(was)
	})
	if r.Quote(sample).Hash != shown {
		t.Error("the sample is not as it was")
	}
}

// TestLaterFieldKeepsHashes: a field added after the first version enters the hash with its value. Older drafts keep
// their hashes.
func TestLaterFieldKeepsHashes(t *testing.T) {
	was := Fields
	t.Cleanup(func() { Fields = was })
	old := DefaultRules().Quote(plates()).Hash
	word := ""
	Fields = append(slices.Clone(Fields), &Field{Name: "condition", Key: "n", Options: []string{"new", "used"}, word: func(*Terms) *string { return &word }})
	if DefaultRules().Quote(plates()).Hash != old {
		t.Error("a field without a value changed the hash: confirmed quotes of stored drafts would be refused")
	}
	seen := map[uint64]bool{old: true}
	for _, word = range []string{"new", "used"} {
		seen[DefaultRules().Quote(plates()).Hash] = true
	}
	if len(seen) != 3 {
		t.Errorf("nothing, new and used have %d hashes", len(seen))
	}
}

// TestEveryFieldHasSamples: simulated people find accepted answers.
func TestEveryFieldHasSamples(t *testing.T) {
	r := DefaultRules()
	for _, f := range Fields {
		for n := range 1000 {
			var t0, t1 Terms
			f.Sample(&t0, n)
			f.Sample(&t1, n)
			if err := f.Check(&t0, r); err != nil || !f.Given(&t0) || f.Same(&t0, &Terms{}) || !f.Same(&t0, &t1) || f.Shown(&t0) == "" && f.Count(&t0) == 0 {
				t.Fatalf("%s, sample %d: %+v, %v", f.Name, n, t0, err)
			}
		}
	}
}

// TestValuesAreWhatListsHave: scripts read these names.
func TestValuesAreWhatListsHave(t *testing.T) {
	terms, has := plates(), map[string]any{}
	for _, v := range terms.Values() {
		has[v.Name] = v.Is
	}
	for name, want := range map[string]any{"seller": "@anna_ceramics", "amount_minor": int64(125000), "currency": "EUR",
		"description": "Handmade dinner set, 24 pieces", "delivery_hours": int64(72), "fee_payer": "split"} {
		if has[name] != want {
			t.Errorf("%s is %v, want %v", name, has[name], want)
		}
	}
}

// listed is a line of a list, as a script decodes it.
func listed(t *testing.T, terms *Terms) (line map[string]any) {
	t.Helper()
	line = map[string]any{}
	for _, v := range terms.Values() {
		line[v.Name] = v.Is
	}
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&line); err != nil {
		t.Fatal(err)
	}
	return line
}

// TestListsGiveTheTermsBack: a list has the whole of the terms.
func TestListsGiveTheTermsBack(t *testing.T) {
	for n := range 50 {
		var terms Terms
		for _, f := range Fields {
			f.Sample(&terms, n)
		}
		if back, err := TermsOf(listed(t, &terms)); err != nil || back != terms {
			t.Errorf("%+v came back as %+v (%v)", terms, back, err)
		}
	}
	whole := plates()
	for name := range listed(t, &whole) {
		line := listed(t, &whole)
		delete(line, name)
		if back, err := TermsOf(line); err == nil && back == whole {
			t.Errorf("without %s the terms are the same", name)
		}
	}
}

// TestEveryPartIsListed: text and number of a field each have a name in lists and stand in a table, whatever the row leaves
// to its defaults.
func TestEveryPartIsListed(t *testing.T) {
	was := Fields
	t.Cleanup(func() { Fields = was })
	text, number := func(*Terms) string { return "blue" }, func(*Terms) int64 { return 7 }
	word := "blue"
	for _, x := range []struct {
		field  Field
		cell   string
		values []Value
	}{
		{Field{text: text}, "blue", []Value{{"plates", "blue"}}},
		{Field{text: text, Text: "colour"}, "blue", []Value{{"colour", "blue"}}},
		{Field{word: func(*Terms) *string { return &word }}, "blue", []Value{{"plates", "blue"}}},
		{Field{number: number, Number: "count"}, "7", []Value{{"count", int64(7)}}},
		{Field{number: number, Number: "count", Unit: "kg"}, "7 kg", []Value{{"count", int64(7)}}},
		{Field{number: number, Number: "count", text: text}, "7 blue", []Value{{"count", int64(7)}, {"plates", "blue"}}},
		{Field{number: number, Number: "count", text: text, Text: "colour", Unit: "kg"}, "7 kg blue", []Value{{"count", int64(7)}, {"colour", "blue"}}},
	} {
		x.field.Name = "plates"
		Fields = []*Field{&x.field}
		if got := x.field.Cell(&Terms{}); got != x.cell {
			t.Errorf("%+v: the cell is %q, want %q", x.values, got, x.cell)
		}
		if got := new(Terms).Values(); !slices.Equal(got, x.values) {
			t.Errorf("listed are %v, want %v", got, x.values)
		}
	}
}

func TestTermsAreKeptShort(t *testing.T) {
	b, err := json.Marshal(plates())
	const want = `{"s":"@anna_ceramics","a":{"m":125000,"c":"EUR"},"d":"Handmade dinner set, 24 pieces","h":72,"f":"split"}`
	if string(b) != want || err != nil {
		t.Errorf("%s %v", b, err)
	}
	var back Terms
	if err := json.Unmarshal(b, &back); err != nil || back != plates() {
		t.Errorf("%+v %v", back, err)
	}
}
