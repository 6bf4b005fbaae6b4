package twin

import (
	crand "crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"sync"
)

// random makes what is new in each run, whatever the seed: a ledger that
// outlives the twin must not take the events of the next run for those of the
// last. See Config.Random.
type random struct {
	mu   *sync.Mutex // one for all accounts of an organization
	from io.Reader
}

func newRandom(from io.Reader) random {
	if from == nil {
		from = crand.Reader
	}
	return random{new(sync.Mutex), from}
}

// fill fills b. The reader never fails: see Config.Random and crypto/rand.
func (r random) fill(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := io.ReadFull(r.from, b); err != nil {
		panic("twin: Config.Random: " + err.Error())
	}
}

// uuid makes the id of a request, an event or a message.
func (r random) uuid() string {
	var raw [16]byte
	r.fill(raw[:])
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

// secret makes a secret access key: 40 characters of base 64.
func (r random) secret() string {
	var raw [30]byte
	r.fill(raw[:])
	return base64.StdEncoding.EncodeToString(raw[:])
}

// token makes a session token, which clients must not look into.
func (r random) token() string {
	var raw [240]byte
	r.fill(raw[:])
	return "IQoJb3JpZ2luX2Vj" + base64.StdEncoding.EncodeToString(raw[:])
}
