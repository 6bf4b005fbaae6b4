package twin

import (
	"strings"
	"time"

	"warden/account"
	"warden/policy"
)

// nameOf is what follows the last slash of an ARN.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// documents are the default versions of managed policies.
func (s *state) documents(arns []string) []*policy.Document {
	var docs []*policy.Document
	for _, arn := range arns {
		if p := s.policies.get(arn); p != nil {
			docs = append(docs, p.document)
		}
	}
	return docs
}

// boundaryDocuments is the permissions boundary, empty where there is none.
func (s *state) boundaryDocuments(arn string) []*policy.Document {
	if arn == "" {
		return nil
	}
	if docs := s.documents([]string{arn}); docs != nil {
		return docs
	}
	return []*policy.Document{nothing}
}

// userPolicies collects what a user's requests are judged by.
func (s *state) userPolicies(u *user) policy.Policies {
	var p policy.Policies
	p.Identity = append(s.documents(u.Attached), u.inline...)
	for _, name := range u.Groups {
		if g := s.groups.get(name); g != nil {
			p.Group = append(p.Group, s.documents(g.Attached)...)
			p.Group = append(p.Group, g.inline...)
		}
	}
	p.Boundary = s.boundaryDocuments(u.Boundary)
	return p
}

// rolePolicies collects what the requests of a role session are judged by.
func (s *state) rolePolicies(r *role, x *session) policy.Policies {
	var p policy.Policies
	p.Identity = append(s.documents(r.Attached), r.inline...)
	p.Boundary = s.boundaryDocuments(r.Boundary)
	p.Session = append(s.documents(x.policyARNs), x.policies...)
	p.SessionPassed = x.passed
	return p
}

// userOfKey finds who owns a long-term access key.
func (s *state) userOfKey(id string) (*user, *account.AccessKey) {
	u := s.users.get(s.keyOwner[id])
	if u == nil {
		return nil, nil
	}
	for i := range u.AccessKeys {
		if u.AccessKeys[i].ID == id {
			return u, &u.AccessKeys[i]
		}
	}
	return nil, nil
}

// recordUse notes that credentials were used: the last use of a long-term
// access key, or of the role behind a session.
func (s *state) recordUse(keyID, service, region string, now time.Time) {
	if x := s.sessions[keyID]; x != nil {
		if x.roleID != "" {
			s.roleUse[x.roleID] = account.RoleUse{Date: now, Region: region}
		}
		return
	}
	if _, ok := s.keyOwner[keyID]; ok {
		s.keyUse[keyID] = account.KeyUse{Date: now, Region: region, Service: service}
	}
}

// lastUse is the last use of an access key, nil where there is none.
func (s *state) lastUse(k *account.AccessKey) *account.KeyUse {
	if use, ok := s.keyUse[k.ID]; ok {
		return &use
	}
	return k.LastUsed
}

// protected reports whether only AWS may change the role: service-linked
// roles and those of Identity Center permission sets.
// IAM User Guide, "Using service-linked roles".
func (r *role) protected() bool {
	return r.serviceLinked() || strings.HasPrefix(r.Path, "/aws-reserved/sso.amazonaws.com/")
}

func (r *role) serviceLinked() bool { return strings.HasPrefix(r.Path, "/aws-service-role/") }
