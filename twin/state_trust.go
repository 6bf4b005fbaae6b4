package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"warden/account"
)

// IAM stores the users and roles that a trust policy names by unique id and
// shows them by ARN. Once one is deleted its bare id shows, and a re-created
// one of the same name, having another id, is not trusted.
// IAM User Guide, "AWS JSON policy elements: Principal".

var uniqueID = regexp.MustCompile(`^A(IDA|ROA)[A-Z0-9]{12,}$`)

// unknownPrincipal is a principal that a trust policy may not name.
type unknownPrincipal struct{ value string }

func (e *unknownPrincipal) Error() string {
	return fmt.Sprintf("Invalid principal in policy: \"AWS\":\"%s\"", e.value)
}

// isEntity reports whether arn names a user or role of an account that the
// twin has, so that it is known whether there is one.
func (s *state) isEntity(arn string) bool {
	a, err := account.ParseARN(arn)
	return err == nil && a.Service == "iam" && s.inAccount(a.Account) != nil && (a.Type() == "user" || a.Type() == "role")
}

// inAccount is the state of that account: s itself, another account of the
// organization, or nil for one that the twin does not have.
func (s *state) inAccount(id string) *state {
	if id == s.account {
		return s
	}
	for _, p := range s.peers {
		if p.account == id {
			return p
		}
	}
	return nil
}

// idOf is the unique id of a user or role here or in another account of the
// organization.
func (s *state) idOf(arn string) (string, bool) {
	if id, ok := s.ids[arn]; ok {
		return id, true
	}
	for _, p := range s.peers {
		if id, ok := p.ids[arn]; ok {
			return id, true
		}
	}
	return "", false
}

// arnOf is the ARN of a unique id, like idOf.
func (s *state) arnOf(id string) (string, bool) {
	if arn, ok := s.arns[id]; ok {
		return arn, true
	}
	for _, p := range s.peers {
		if arn, ok := p.arns[id]; ok {
			return arn, true
		}
	}
	return "", false
}

// storeTrust turns the ARNs in a trust policy that somebody puts into ids. A
// user or role of this account that does not exist is an unknownPrincipal.
func (s *state) storeTrust(document []byte) (json.RawMessage, error) {
	return rewritePrincipals(document, func(value string) (string, error) {
		switch {
		case s.isEntity(value):
			if id, ok := s.idOf(value); ok {
				return id, nil
			}
			return "", &unknownPrincipal{value}
		case uniqueID.MatchString(value):
			if _, ok := s.arnOf(value); !ok {
				return "", &unknownPrincipal{value}
			}
		}
		return value, nil
	})
}

// trustWithIDs is storeTrust for a snapshot: AWS shows there an id for what
// is gone, so an ARN of nobody is kept as it is.
func (s *state) trustWithIDs(document []byte) (json.RawMessage, error) {
	return rewritePrincipals(document, func(value string) (string, error) {
		if id, ok := s.idOf(value); ok {
			return id, nil
		}
		return value, nil
	})
}

// trustWithARNs is a stored trust policy as IAM shows it.
func (s *state) trustWithARNs(document []byte) json.RawMessage {
	out, err := rewritePrincipals(document, func(value string) (string, error) {
		if arn, ok := s.arnOf(value); ok {
			return arn, nil
		}
		return value, nil
	})
	if err != nil {
		return document // stored documents were read when they were put
	}
	return out
}

// trustToDecide is a stored trust policy for the policy engine, which
// compares ARNs: as shown, but an ARN that stands in the stored form belongs
// to nobody, whoever has it by now, and must not match.
func (s *state) trustToDecide(document []byte) json.RawMessage {
	out, err := rewritePrincipals(document, func(value string) (string, error) {
		if s.isEntity(value) {
			return "AROANOBODYANYMORE0000", nil
		}
		if arn, ok := s.arnOf(value); ok {
			return arn, nil
		}
		return value, nil
	})
	if err != nil {
		return document
	}
	return out
}

// rewritePrincipals replaces the values at Statement[].Principal.AWS and
// NotPrincipal.AWS; every other byte stays as it was.
func rewritePrincipals(document []byte, replace func(string) (string, error)) (json.RawMessage, error) {
	w := walker{in: document, replace: replace}
	w.dec = jsontext.NewDecoder(bytes.NewReader(document), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := w.value(nil); err != nil {
		return nil, err
	}
	if w.out == nil {
		return document, nil
	}
	return append(w.out, document[w.copied:]...), nil
}

type walker struct {
	dec     *jsontext.Decoder
	in, out []byte
	copied  int64 // how much of in has gone to out
	replace func(string) (string, error)
}

// value reads the next value; path holds the object keys above it.
func (w *walker) value(path []string) error {
	switch open := w.dec.PeekKind(); open {
	case '{', '[':
		if _, err := w.dec.ReadToken(); err != nil {
			return err
		}
		for k := w.dec.PeekKind(); k != '}' && k != ']'; k = w.dec.PeekKind() {
			below := path
			if open == '{' {
				key, err := w.dec.ReadToken()
				if err != nil {
					return err
				}
				below = append(path[:len(path):len(path)], key.String())
			}
			if err := w.value(below); err != nil {
				return err
			}
		}
		_, err := w.dec.ReadToken()
		return err
	}
	raw, err := w.dec.ReadValue()
	if err != nil || raw.Kind() != '"' || !isPrincipal(path) {
		return err
	}
	return w.principal(raw)
}

func isPrincipal(path []string) bool {
	return len(path) == 3 && path[0] == "Statement" && (path[1] == "Principal" || path[1] == "NotPrincipal") && path[2] == "AWS"
}

// principal replaces the string that was just read.
func (w *walker) principal(raw jsontext.Value) error {
	value, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return err
	}
	end := w.dec.InputOffset()
	start := end - int64(len(raw))
	to, err := w.replace(string(value))
	if err != nil || to == string(value) {
		return err
	}
	w.out = append(w.out, w.in[w.copied:start]...)
	if w.out, err = jsontext.AppendQuote(w.out, to); err != nil {
		return err
	}
	w.copied = end
	return nil
}
