package redisdrafts

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"

	"github.com/redis/rueidis"
)

// A value is one byte of format, eight bytes of version (big endian), the
// payload, and a CRC-32 of its name and of all of these. The version stands in
// front, so that the script below reads a few bytes only. A new format needs
// two releases: the first reads it, the second writes it. To other releases
// such a value is missing.
const (
	format     = 2
	headLength = 9
	sumLength  = 4
)

// putNewer writes unless Redis has a newer version; a foreign value counts as
// missing. Lua's numbers are exact up to 2⁵³, and versions count turns.
var putNewer = rueidis.NewLuaScriptRetryable(`
local had = redis.pcall('GETRANGE', KEYS[1], 0, 8)
if type(had) == 'string' and #had == 9 and had:byte(1) == 2 then
  local version = 0
  for i = 2, 9 do version = version * 256 + had:byte(i) end
  if version > tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1`)

func putArgs(raw []byte, version, ttlMillis int64) []string {
	return []string{rueidis.BinaryString(raw), strconv.FormatInt(version, 10), strconv.FormatInt(ttlMillis, 10)}
}

// encode makes a value from a payload.
func encode(name string, version int64, payload []byte) []byte {
	b := make([]byte, 0, headLength+len(payload)+sumLength)
	b = append(b, format)
	b = binary.BigEndian.AppendUint64(b, uint64(max(version, 0)))
	b = append(b, payload...)
	return binary.BigEndian.AppendUint32(b, sum(name, b))
}

// decode returns the payload of a value; false for a value that encode did not make
// for this name.
func decode(name string, b []byte, maxPayload int) ([]byte, bool) {
	end := len(b) - sumLength
	if end < headLength || end-headLength > maxPayload || b[0] != format || binary.BigEndian.Uint32(b[end:]) != sum(name, b[:end]) {
		return nil, false
	}
	return b[headLength:end:end], true
}

func sum(name string, b []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(name)), crc32.IEEETable, b)
}
