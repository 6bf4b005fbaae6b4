package twin

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// newUUID makes the id of a request, an event or a message. Ids differ
// between runs whatever the seed: a ledger that outlives the twin must not
// take the events of the next run for those of the last.
func newUUID() string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], rand.Uint64())
	binary.BigEndian.PutUint64(raw[8:], rand.Uint64())
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], raw[0:4])
	hex.Encode(out[9:13], raw[4:6])
	hex.Encode(out[14:18], raw[6:8])
	hex.Encode(out[19:23], raw[8:10])
	hex.Encode(out[24:36], raw[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}
