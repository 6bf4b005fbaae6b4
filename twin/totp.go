package twin

import (
	"crypto/hmac"
	"crypto/sha1" // RFC 6238 as authenticator apps speak it
	"encoding/binary"
	"fmt"
	"time"
)

// totpStep is how long a one-time password lasts, and totpDigits how long it
// is: those of every authenticator app.
const (
	totpStep   = 30 * time.Second
	totpDigits = 6
)

// totp is the one-time password of the n-th step: RFC 6238 with HMAC-SHA-1,
// which is RFC 4226 with the number of the step for a counter.
func totp(key []byte, n uint64) string {
	h := hmac.New(sha1.New, key)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], n)
	h.Write(counter[:])
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	code := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, code%1_000_000)
}

// totpAt is the number of the step at a time.
func totpAt(t time.Time) uint64 { return uint64(t.Unix()) / uint64(totpStep/time.Second) }

// totpWindow is how many steps a device's clock may be off either way.
const totpWindow = 2

// find looks for a code near a time, after the step used last, and gives its
// step.
func (d *mfaDevice) find(code string, now time.Time) (uint64, bool) {
	if d.seed == nil {
		return 0, false // it came with a snapshot
	}
	n := totpAt(now)
	for step := n - totpWindow; step <= n+totpWindow; step++ {
		if step > d.last && hmac.Equal([]byte(totp(d.seed, step)), []byte(code)) {
			return step, true
		}
	}
	return 0, false
}
