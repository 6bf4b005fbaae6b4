package twin

import (
	"encoding/base32"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"strings"
)

// The prefixes of unique identifiers; IAM User Guide, "IAM identifiers".
const (
	prefixUser       = "AIDA"
	prefixRole       = "AROA"
	prefixGroup      = "AGPA"
	prefixPolicy     = "ANPA"
	prefixKey        = "AKIA"
	prefixSession    = "ASIA"
	prefixProfile    = "AIPA"
	prefixSSH        = "APKA"
	prefixCredential = "ACCA" // seen
)

// identifiers makes unique ids from a seed, so that a run can be repeated.
// Secrets come from elsewhere.
type identifiers struct {
	random  *rand.Rand
	account string
	used    map[string]bool
}

func newIdentifiers(seed int64, account string) *identifiers {
	return &identifiers{
		random:  rand.New(rand.NewPCG(uint64(seed), 0x77617264656e)),
		account: account,
		used:    map[string]bool{},
	}
}

// make returns an id that was never used before: 20 characters for access
// keys, 21 for everything else. As in AWS the characters after the prefix
// carry the account number (bits 7 to 46 of the first six bytes in base 32),
// so that tools which read it from a key work here too.
func (g *identifiers) make(prefix string) string {
	for {
		var raw [10]byte
		account, _ := strconv.ParseUint(g.account, 10, 64)
		head := 1<<47 | account<<7 | g.random.Uint64()&0x7f
		binary.BigEndian.PutUint64(raw[:8], head<<16|g.random.Uint64()&0xffff)
		binary.BigEndian.PutUint16(raw[8:], uint16(g.random.Uint64()))
		id := prefix + base32.StdEncoding.EncodeToString(raw[:])
		if prefix != prefixKey && prefix != prefixSession {
			id += string(base32Alphabet[g.random.IntN(32)])
		}
		if !g.used[id] {
			g.used[id] = true
			return id
		}
	}
}

// certificate makes the id of a signing certificate, which has no prefix.
func (g *identifiers) certificate() string {
	id := make([]byte, 32)
	for i := range id {
		id[i] = base32Alphabet[g.random.IntN(32)]
	}
	return string(id)
}

const base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// keyAccount reads the account number that an access key id carries, "" where
// it is no such id.
func keyAccount(id string) string {
	if len(id) != 20 {
		return ""
	}
	raw, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return ""
	}
	var head [8]byte
	copy(head[2:], raw[:6])
	n := binary.BigEndian.Uint64(head[:]) & 0x7fffffffff80 >> 7
	s := strconv.FormatUint(n, 10)
	if len(s) > 12 {
		return ""
	}
	return strings.Repeat("0", 12-len(s)) + s
}
