package device

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Bounds of a person.
const (
	OpenMost    = 5  // links that wait to be used
	LinksMost   = 10 // links made in [OfferedFor], used or not
	DevicesMost = 20 // active devices, beyond which there are no links
)

// listMost is more than a person can have: active ones of more than [OfferedFor] ago, and those made since.
const listMost = DevicesMost + 2*LinksMost

// Commands of the chat, and the action of the buttons that sign out.
const (
	CommandWeb     = "web"
	CommandDevices = "devices"

	actionOut = "out"
)

// Kinds of what the person's own card says, see [dialog.Said].
const (
	kindLink = "device.link"
	kindList = "device.list"
)

// Takes reports whether an input of the person's own conversation is about devices, and which of them Write needs. It is pure.
// A page has a page of its own for them.
func (*Flow) Takes(in *dialog.Input) (dialog.Listing, bool) {
	command := (in.Name == CommandWeb || in.Name == CommandDevices) && (in.Kind == dialog.KindCommand || in.Kind == dialog.KindTap && !in.Bound)
	out := in.Name == actionOut && in.Kind == dialog.KindTap
	return dialog.Listing{Flow: FlowName, Most: listMost}, in.Place.Push && (command || out)
}

// Write decides an input that Takes wants, in the turn of the person's own conversation: it makes a link, lists the devices, or
// signs one or all out. The draft stays where it is. Turn.Others are the devices.
func (f *Flow) Write(t *dialog.Turn) {
	list := devices(t)
	switch t.Input.Name {
	case CommandWeb:
		f.offer(t, list)
	case CommandDevices:
		f.list(t, list, dialog.Said{Code: "device.list"})
	default:
		f.out(t, list)
	}
}

// devices are those of Turn.Others whose time is not over.
func devices(t *dialog.Turn) (list []Device) {
	for _, r := range t.Others {
		if d, err := Of(r); err == nil && (d.is(Active, t.Now) || d.is(Offered, t.Now)) {
			list = append(list, d)
		}
	}
	return list
}

// nonceArg is the argument of what the card says by which it derives the link.
const nonceArg = "link"

// offer makes a link, and the device that it offers. The row keeps what the link is derived from, and never the link.
func (f *Flow) offer(t *dialog.Turn, list []Device) {
	open, made, active := 0, 0, 0
	next := t.Now
	for _, d := range list { // the newest first
		end := d.Made.Add(OfferedFor)
		if d.State == Active {
			active++
		} else if open++; open <= OpenMost {
			next = end
		}
		if end.After(t.Now) {
			if made++; made == LinksMost {
				next = end
			}
		}
	}
	at := map[string]dialog.Moment{"next": dialog.At(next)}
	switch {
	case !strings.HasPrefix(f.cfg.PublicURL, "https://"):
		t.Say("device.nowhere", nil)
		return
	case active >= DevicesMost:
		f.list(t, list, dialog.Said{Code: "device.full", Args: map[string]string{"n": strconv.Itoa(active)}})
		return
	case open >= OpenMost, made >= LinksMost:
		t.Tell(dialog.Said{Code: "device.many", Times: at})
		return
	}
	in, own := t.Input, t.Record
	d := Device{State: Offered, Kind: Browser, First: called(in.Profile.Name), User: in.Profile.Username, At: dialog.Place{
		Channel: in.Place.Channel, Address: in.Place.Address, Lang: in.Place.Lang, Thread: in.Place.Thread, Push: true}}
	nonce := t.ID(12) + t.ID(12)
	id := idOf(f.token(t.Input.Owner, nonce))
	one := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: own.Key.Bot, Flow: FlowName, ID: id}, Owner: in.Owner, Draft: id}}
	end := t.Now.Add(OfferedFor)
	one.Timers = []dialog.Timer{{Name: dialog.ForgetTimer, At: end.UnixMilli()}}
	d.save(one)
	started := own.Started
	t.Start(one, false)
	own.Started = started // the escrow that the person's conversation names
	t.Tell(dialog.Said{Kind: kindLink, Code: "device.link", Args: map[string]string{nonceArg: nonce}, Times: map[string]dialog.Moment{"until": dialog.At(end)}})
}

// token is the secret part of a link.
func (f *Flow) token(owner, nonce string) string {
	return derived(f.cfg.Key, "link", owner, nonce)
}

// list says something, with the active devices.
func (f *Flow) list(t *dialog.Turn, list []Device, said dialog.Said) {
	said.Kind = kindList
	links := 0
	for _, d := range list {
		if d.State == Active {
			said.Items = append(said.Items, []string{d.ID, d.Name, strconv.FormatInt(d.Seen.UnixMilli(), 10)})
		} else {
			links++
		}
	}
	if said.Code == "device.list" && len(said.Items) == 0 {
		said.Code = "device.none"
	}
	if links > 0 {
		if said.Args == nil {
			said.Args = map[string]string{}
		}
		said.Args["links"] = strconv.Itoa(links)
	}
	t.Tell(said)
}

// out signs one device out, or all of them with the links that wait to be used.
func (f *Flow) out(t *dialog.Turn, list []Device) {
	which := t.Input.Value
	gone := func(d Device) bool { return which == All || d.ID == which && d.State == Active }
	said := dialog.Said{Code: "device.out.gone"}
	if i := slices.IndexFunc(list, gone); i >= 0 {
		said = dialog.Said{Code: "device.out", Args: map[string]string{"device": list[i].Name}}
	}
	if which == All {
		said = dialog.Said{Code: "device.out.all"}
	}
	if slices.ContainsFunc(list, gone) {
		t.Do(actionOut, outs{which, t.Now.UnixMilli()})
	}
	f.list(t, slices.DeleteFunc(list, gone), said)
	t.Toast(said.Code, said.Args)
}

// outs is the argument of the effect that signs out.
type outs struct {
	Which  string `json:"which"`
	Before int64  `json:"before"` // unix milliseconds
}

// Effects are those of the person's own conversation, which Write notes.
func (f *Flow) Effects() dialog.Effects {
	return dialog.Effects{actionOut: func(ctx context.Context, r *dialog.Record, raw json.RawMessage, _ string) error {
		var o outs
		if err := json.Unmarshal(raw, &o); err != nil {
			return dialog.Forever(err)
		}
		return f.cfg.SignOut(ctx, r.Owner, o.Which, "", o.Before)
	}}
}

// Finish adds the link, or the devices with their buttons, to the person's own card. A page shows neither: what the card says is then
// of a chat.
func (f *Flow) Finish(r *dialog.Record, v dialog.View, c *dialog.Card) {
	link, list := r.Said.Is(kindLink), r.Said.Is(kindList)
	switch {
	case !link && !list:
		return
	case v.Visited:
		c.Band = nil
		return
	case link:
		url := f.cfg.PublicURL + "/in/" + f.token(r.Owner, r.Said.Args[nonceArg])
		c.Alt = append(c.Alt, dialog.Button{URL: url, Label: f.cfg.Words.Say(v, "device.link.open", nil)})
		return
	}
	for _, x := range r.Said.Items {
		if len(x) != 3 {
			continue
		}
		seen, _ := strconv.ParseInt(x[2], 10, 64)
		args := map[string]string{"device": x[1], "seen": f.seen(v, time.UnixMilli(seen))}
		c.Others = append(c.Others, dialog.Button{Action: actionOut + ":" + x[0], Label: f.cfg.Words.Say(v, "device.out.line", args), Free: true})
	}
	if len(r.Said.Items) > 0 || r.Said.Args["links"] != "" {
		c.Others = append(c.Others, dialog.Button{Action: actionOut + ":" + All, Label: f.cfg.Words.Say(v, "device.out.every", nil), Free: true})
	}
}

// seen says on which day a device was last used.
func (f *Flow) seen(v dialog.View, at time.Time) string {
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	if a, now := at.In(zone), v.Now.In(zone); a.Year() == now.Year() && a.YearDay() == now.YearDay() {
		return f.cfg.Words.Say(v, "device.today", nil)
	}
	return f.cfg.Words.Day(v, at)
}
