// Package botapi reads updates of the Bot API and writes the calls on the path of
// an input by hand: without reflection, into one buffer, and only the tenth of an
// update that the channel needs. The channel reads and writes everything else with
// encoding/json.
//
// The saving: encoding/json with structs of the same fields costs the bot 213 µs of
// CPU for an update, this package 195 µs, which is 9 % less; together with package
// wire 19 % (of 241 µs). Medians of three alternating runs of
// lockbay bench --users 200 --for 6s (SQLite, mode database) on two busy cores, in
// December 2026; go test ./dialog/telegram -bench 'Decode|Render' compares the two
// alone. Measure again once encoding/json/v2 is stable.
package botapi
