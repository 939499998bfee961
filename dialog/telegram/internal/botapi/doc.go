// Package botapi reads updates of the Bot API and writes the calls on the path of
// an input, by hand: no reflection, one buffer, and of an update only the tenth that
// is asked for. Everything else that the channel reads and writes goes through
// encoding/json.
//
// What it earns: with encoding/json and structs of these fields alone in its place,
// the bot spent 213 instead of 195 µs of CPU on an update, so 9 % are saved; together
// with package wire, 19 % (of 241 µs). Medians of three runs in turns of
// lockbay bench --users 200 --for 6s (SQLite, mode database) on two busy cores, in
// December 2026; go test ./dialog/telegram -bench 'Decode|Render' compares the two
// alone. Measure again when encoding/json/v2 is no experiment any more.
package botapi
