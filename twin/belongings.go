package twin

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// belongings is what an account has besides identities and policies:
// credentials that do not sign requests, devices, instance profiles and
// identity providers. Nobody's permissions are computed from it, so there is
// one of it, in the state that IAM shows, and its values are changed in place.
// A Snapshot holds some of it; see loadFacts.
type belongings struct {
	profiles    table[instanceProfile]   // by name
	devices     table[mfaDevice]         // by serial number
	providers   table[identityProvider]  // by ARN
	sshKeys     table[sshKey]            // by id, like those below
	certs       table[signingCert]       // of users, for the old SOAP interfaces
	credentials table[serviceCredential] // for one service each

	report         report
	jobs           map[string]*accessJob // of last accessed information, by id
	root           Root
	passwordPolicy *types.PasswordPolicy // nil where the account has set none
	passwordDates  map[string]time.Time  // user id → when his password was last changed, if the twin saw it
}

func newBelongings() *belongings {
	return &belongings{
		profiles: newTable[instanceProfile](), devices: newTable[mfaDevice](), providers: newTable[identityProvider](),
		sshKeys: newTable[sshKey](), certs: newTable[signingCert](), credentials: newTable[serviceCredential](),
		passwordDates: map[string]time.Time{}, jobs: map[string]*accessJob{},
	}
}

// of lists what belongs to the user with that unique id.
func of[T any](t *table[T], userID string, owner func(*T) string) []*T {
	var out []*T
	for _, x := range t.all() {
		if owner(x) == userID {
			out = append(out, x)
		}
	}
	return out
}

// savedOf is of in the order of the snapshot.
func savedOf[T any](t *table[T], userID string, owner func(*T) string) []*T {
	return slices.DeleteFunc(t.saved(), func(x *T) bool { return owner(x) != userID })
}

// keepsUser says what must go before the user with that id can be deleted, ""
// for nothing. IAM API Reference, DeleteUser; the words are those that people
// have reported.
func (b *belongings) keepsUser(id string) string {
	switch {
	case len(of(&b.devices, id, func(d *mfaDevice) string { return d.userID })) > 0:
		return "delete MFA device first"
	case len(of(&b.certs, id, func(x *signingCert) string { return x.userID })) > 0:
		return "delete certificates first"
	case len(of(&b.sshKeys, id, func(k *sshKey) string { return k.userID })) > 0,
		len(of(&b.credentials, id, func(x *serviceCredential) string { return x.userID })) > 0:
		return "remove referenced objects first"
	}
	return ""
}

// nameOfUser is the present name of the user with that id.
func (s *state) nameOfUser(id string) string { return nameOf(s.arns[id]) }
