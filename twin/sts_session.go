package twin

import (
	"time"

	"warden/policy"
)

// session is a set of temporary credentials. It belongs to a user
// (GetSessionToken, GetFederationToken) or to a role (AssumeRole and its kin),
// and lives until it expires, whatever becomes of the access key that it was
// made with.
type session struct {
	id, secret, token string // id begins with ASIA
	issued, expires   time.Time

	userID string // of GetSessionToken and GetFederationToken, else ""
	roleID string // of AssumeRole and its kin, else ""
	name   string // the role session's name, or the federated user's
	arn    string // arn:aws:sts::…:assumed-role/ROLE/NAME or …:federated-user/NAME
	mfa    bool

	federated bool              // of GetFederationToken
	provider  string            // the ARN of the identity provider that it came through
	keys      map[string]string // condition keys, in lower case, that the provider's token left

	sourceIdentity string
	tags           map[string]string // session tags, with the ones inherited by chaining
	transitive     []string          // keys of tags that chaining passes on
	policies       []*policy.Document
	policyARNs     []string // managed session policies; their default versions hold
	passed         bool     // session policies were passed, even if none is left
}

// role finds the role of a role session, nil once it is deleted: a re-created
// role of the same name has another id.
func (s *state) sessionRole(x *session) *role {
	arn, ok := s.arns[x.roleID]
	if !ok {
		return nil
	}
	return s.roles.get(nameOf(arn))
}

// sessionUser finds the user of a GetSessionToken session.
func (s *state) sessionUser(x *session) *user {
	arn, ok := s.arns[x.userID]
	if !ok {
		return nil
	}
	return s.users.get(nameOf(arn))
}

// forgetExpired drops sessions that expired more than a day ago; until then
// they are known as expired. It looks only now and then.
func (s *state) forgetExpired(now time.Time) {
	if len(s.sessions)%1024 != 1023 {
		return
	}
	for id, x := range s.sessions {
		if now.Sub(x.expires) > 24*time.Hour {
			delete(s.sessions, id)
		}
	}
}
