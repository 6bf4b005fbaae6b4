package change

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Denial is a deny statement of warden's for one caller among several who
// share a document: a session in the quarantine policy of its role, or an
// identity in an organisation's SCP.
type Denial struct {
	Action string // "iam:*" or "*"
	// Key and Value name the caller: UserID with "AROA…:session", or
	// PrincipalARN. An empty Key denies every session of the role.
	Key, Value string
	// Until is the last issue time of the tokens that are denied, to the
	// second; zero denies whenever the token was issued, and long-term keys,
	// which have no such time. Source: IAM User Guide, "AWS global condition
	// context keys", aws:TokenIssueTime.
	Until time.Time
}

// The keys by which a Denial names a caller.
const (
	UserID       = "aws:userid"
	PrincipalARN = "aws:PrincipalArn"
)

// sessionLife is the longest life of a role session, whatever the role's
// maximum is now: it may have been lowered since. Source: IAM User Guide,
// "Update the maximum session duration for a role".
const sessionLife = 12 * time.Hour

// userSessionLife is the longest life of a session of a user, of his own or a
// federated one. Source: AWS STS API Reference, GetSessionToken and
// GetFederationToken ("129,600 seconds").
const userSessionLife = 36 * time.Hour

const (
	sidPrefix  = "Warden"
	sidMerged  = sidPrefix + "Many"
	issueTime  = "aws:TokenIssueTime"
	notAfter   = "DateLessThanEquals"
	denyEffect = "Deny"
)

// Sid is the id of the denial's statement: it says what is denied, to whom
// (as a hash) and until when, so that the statement can be told apart when it
// was merged with others.
func (d Denial) Sid() string {
	sid := sidPrefix + d.group()
	if d.Key != "" {
		sum := sha256.Sum256([]byte(d.Value))
		sid += hex.EncodeToString(sum[:8])
	}
	if !d.Until.IsZero() {
		sid += "T" + strconv.FormatInt(d.Until.Unix(), 10)
	}
	return sid
}

// group is what denials that can be merged have in common.
func (d Denial) group() string {
	g := "I"
	if d.Action == "*" {
		g = "A"
	}
	switch d.Key {
	case UserID:
		return g + "U"
	case PrincipalARN:
		return g + "P"
	}
	return g + "S"
}

// Expired reports whether no session can hold a token any more that the
// denial is about.
func (d Denial) Expired(now time.Time) bool {
	life := sessionLife
	if d.Key == UserID && !strings.HasPrefix(d.Value, "AROA") {
		life = userSessionLife
	}
	return !d.Until.IsZero() && now.Sub(d.Until) > life
}

// Statement is the denial as a policy statement.
func (d Denial) Statement() string { return denials(d.Sid(), d, []string{d.Value}) }

// denials writes the statement of one denial, or of several merged ones.
func denials(sid string, d Denial, values []string) string {
	s := denyStatement{Sid: sid, Effect: denyEffect, Action: d.Action, Resource: "*", Condition: map[string]map[string]oneOrMany{}}
	if d.Key != "" {
		escaped := make(oneOrMany, len(values))
		for i, v := range values {
			escaped[i] = strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}").Replace(v)
		}
		s.Condition[operator(d.Key)] = map[string]oneOrMany{d.Key: escaped}
	}
	if !d.Until.IsZero() {
		s.Condition[notAfter] = map[string]oneOrMany{issueTime: {d.Until.UTC().Truncate(time.Second).Format(time.RFC3339)}}
	}
	return string(encode(s))
}

func operator(key string) string {
	if key == PrincipalARN {
		return "ArnEquals"
	}
	return "StringEquals"
}

type denyStatement struct {
	Sid       string
	Effect    string
	Action    string
	Resource  string
	Condition map[string]map[string]oneOrMany `json:",omitempty"`
}

// oneOrMany is a value of a condition, which JSON may have as a list.
type oneOrMany []string

func (o oneOrMany) MarshalJSON() ([]byte, error) {
	if len(o) == 1 {
		return encode(o[0]), nil
	}
	return encode([]string(o)), nil
}

func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*o = oneOrMany{one}
		return nil
	}
	var many []string
	err := json.Unmarshal(data, &many)
	*o = many
	return err
}

// encode is json.Marshal without its care for HTML, which would make a
// document longer. What it is given always has a JSON form.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return []byte("null")
	}
	return bytes.TrimSpace(b.Bytes())
}

// readDenials reads back what denials wrote; ok is false for any other
// statement.
func readDenials(raw json.RawMessage) (d Denial, values []string, sid string, ok bool) {
	var s denyStatement
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if dec.Decode(&s) != nil || s.Effect != denyEffect || s.Resource != "*" || !strings.HasPrefix(s.Sid, sidPrefix) {
		return d, nil, "", false
	}
	d.Action = s.Action
	for op, keys := range s.Condition {
		for key, list := range keys {
			switch {
			case key == issueTime && op == notAfter && len(list) == 1:
				at, err := time.Parse(time.RFC3339, list[0])
				if err != nil {
					return d, nil, "", false
				}
				d.Until = at
			case (key == UserID || key == PrincipalARN) && op == operator(key) && d.Key == "":
				d.Key = key
				for _, v := range list {
					values = append(values, strings.NewReplacer("${$}", "$", "${*}", "*", "${?}", "?").Replace(v))
				}
			default:
				return d, nil, "", false
			}
		}
	}
	if len(values) == 1 {
		d.Value = values[0]
	}
	known := s.Sid == d.Sid() || s.Sid == mergedSid(d)
	return d, values, s.Sid, known && (d.Action == "*" || d.Action == "iam:*")
}

func mergedSid(d Denial) string {
	if d.Until.IsZero() {
		return sidMerged + d.group()
	}
	return sidMerged + d.group() + "T"
}

// memberOf finds the denial with the id sid among the values of a merged one.
func memberOf(merged Denial, values []string, sid string) (Denial, bool) {
	for _, v := range values {
		m := merged
		m.Value = v
		if !merged.Until.IsZero() {
			_, bound, ok := strings.Cut(sid, "T")
			seconds, err := strconv.ParseInt(bound, 10, 64)
			if !ok || err != nil {
				continue
			}
			if m.Until = time.Unix(seconds, 0).UTC(); m.Until.After(merged.Until) {
				continue
			}
		}
		if m.Sid() == sid {
			return m, true
		}
	}
	return Denial{}, false
}

// merge puts denials of one kind into one statement for each kind: its list
// names all callers, and its bound is the latest of theirs. So a session may
// be denied for tokens issued somewhat later than when it was contained.
func merge(list []json.RawMessage) []json.RawMessage {
	type group struct {
		d      Denial
		values []string
	}
	groups := map[string]*group{}
	var order []string
	var out []json.RawMessage
	for _, raw := range list {
		d, values, _, ok := readDenials(raw)
		if !ok || d.Key == "" {
			out = append(out, raw)
			continue
		}
		sid := mergedSid(d)
		g := groups[sid]
		if g == nil {
			g = &group{d: d}
			groups[sid], order = g, append(order, sid)
		}
		if d.Until.After(g.d.Until) {
			g.d.Until = d.Until
		}
		for _, v := range values {
			if !slices.Contains(g.values, v) {
				g.values = append(g.values, v)
			}
		}
	}
	for _, sid := range order {
		g := groups[sid]
		out = append(out, json.RawMessage(denials(sid, g.d, g.values)))
	}
	return out
}

// ReadDenial reads the statement of one denial back; ok is false for any other
// statement.
func ReadDenial(statement string) (d Denial, ok bool) {
	d, _, sid, ok := readDenials(json.RawMessage(statement))
	return d, ok && sid == d.Sid()
}
