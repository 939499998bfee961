package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/intake"
)

// usualHorizon is the time in which a creation is to be confirmed.
const usualHorizon = 24 * time.Hour

// insight are the thresholds of the five metrics, and what counts: the setting rehydration=5,abandonment=15,…
func (s *Settings) insight() (t insight.Thresholds, c insight.Config, err error) {
	t, c = insight.DefaultThresholds(), insight.Config{Flow: intake.FlowName, Horizon: usualHorizon, Zone: s.zone()}
	given, err := pairs("insight", s.Insight)
	if err != nil {
		return t, c, err
	}
	numbers := map[string]struct {
		into  *float64
		scale float64
	}{
		"rehydration": {&t.Rehydration, 100}, "abandonment": {&t.Abandonment, 100}, "restart": {&t.Restart, 100}, "step": {&t.Step, 100},
		"complaints": {&t.Complaints, 1}, "felt": {&t.Felt, 1},
	}
	for name, text := range given {
		number, isNumber := numbers[name]
		switch {
		case isNumber:
			n, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
			if err != nil || !(n >= 0 && n <= 100) {
				return t, c, badSetting("insight", name+"="+text, "want a number from 0 to 100, for example abandonment=15")
			}
			*number.into = math.Round(n*1e6) / 1e6 / number.scale
		case name == "horizon":
			if c.Horizon, err = readDuration(text); err != nil || c.Horizon < time.Hour || c.Horizon > 30*24*time.Hour {
				return t, c, badSetting("insight", name+"="+text, "want a time from 1h to 30d, for example horizon=24h")
			}
		case name == "multi_device":
			if t.MultiDevice, err = strconv.ParseBool(text); err != nil {
				return t, c, badSetting("insight", name+"="+text, "want true or false")
			}
		case name == "exclude_owners":
			c.Exclude = strings.Fields(text)
			if i := slices.IndexFunc(c.Exclude, func(owner string) bool { return !strings.Contains(owner, ":") }); i >= 0 {
				return t, c, badSetting("insight", name+"="+c.Exclude[i], "want keys of people divided by spaces, for example tg:1000001 tg:1000002")
			}
		default:
			return t, c, badSetting("insight", name, "want rehydration, abandonment, complaints, restart, step, felt, horizon, multi_device or exclude_owners")
		}
	}
	return t, c, nil
}

// costMost bounds a sum, in dollars a month.
const costMost = 1e9

// cost is what a month costs in each mode: the setting database=20,redis=95,increase=100.
func (s *Settings) cost() (c insight.Costs, err error) {
	c = insight.Costs{Month: map[string]float64{}, Most: insight.CostMost}
	given, err := pairs("cost", s.Cost)
	if err != nil {
		return c, err
	}
	for name, text := range given {
		_, bad := dialog.ParseMode(name)
		if bad != nil && name != "increase" {
			return c, badSetting("cost", name, "want lightweight, database, redis, hybrid or increase")
		}
		sum, err := strconv.ParseFloat(text, 64)
		if err != nil || !(sum >= 0 && sum <= costMost) {
			return c, badSetting("cost", name+"="+text, "want dollars a month, for example database=20")
		}
		if name == "increase" {
			c.Most = sum
		} else {
			c.Month[name] = sum
		}
	}
	return c, nil
}

// costLine says what a month costs in the mode of the settings.
func (s *Settings) costLine() string {
	c, _ := s.cost()
	month, known := c.Month[s.mode().String()]
	if !known {
		return "what a month costs is unknown: [cost] does not say"
	}
	return fmt.Sprintf("a month costs %s; %s more in another mode is told", insight.Dollars(month), insight.Dollars(c.Most))
}

// steps of the escalation.
var escalationSteps = []string{"first", "second", "third"}

// escalation is who is told once a threshold is exceeded, in order: the setting first=Mia +49 30 1234,second=@jo.
func (s *Settings) escalation() (list []string, err error) {
	given, err := pairs("escalation", s.Escalation)
	if err != nil {
		return nil, err
	}
	for name, text := range given {
		if !slices.Contains(escalationSteps, name) {
			return nil, badSetting("escalation", name, "want first, second or third")
		}
		if text == "" || len(text) > 200 || strings.ContainsAny(text, "\n\r") {
			return nil, badSetting("escalation", name+"="+text, "want a name and how to reach it in one line, for example first=Mia @mia")
		}
	}
	for _, name := range escalationSteps {
		if text := given[name]; text != "" {
			list = append(list, text)
		}
	}
	return list, nil
}
