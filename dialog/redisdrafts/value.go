package redisdrafts

import (
	"encoding/binary"
	"strconv"

	"github.com/redis/rueidis"
)

// A value is one byte that names the format, eight bytes of version (big
// endian), and the payload. The version stands in front so that the script
// below reads no more than that.
const (
	format     = 1
	headLength = 9
)

// putNewer writes unless a newer version is there; what is not ours counts as
// nothing. Numbers of Lua are exact up to 2⁵³, and versions count turns.
var putNewer = rueidis.NewLuaScriptRetryable(`
local had = redis.pcall('GETRANGE', KEYS[1], 0, 8)
if type(had) == 'string' and #had == 9 and had:byte(1) == 1 then
  local version = 0
  for i = 2, 9 do version = version * 256 + had:byte(i) end
  if version > tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1`)

func putArgs(sealed []byte, version, ttlMillis int64) []string {
	return []string{rueidis.BinaryString(sealed), strconv.FormatInt(version, 10), strconv.FormatInt(ttlMillis, 10)}
}

// seal puts format and version before the payload.
func seal(version int64, payload []byte) []byte {
	b := make([]byte, headLength, headLength+len(payload))
	b[0] = format
	binary.BigEndian.PutUint64(b[1:], uint64(max(version, 0)))
	return append(b, payload...)
}

// open returns the payload of a value; false if it is not one of ours.
func open(b []byte, maxPayload int) ([]byte, bool) {
	if len(b) < headLength || b[0] != format || len(b)-headLength > maxPayload {
		return nil, false
	}
	return b[headLength:], true
}
