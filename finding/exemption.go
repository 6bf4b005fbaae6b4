package finding

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"warden/account"
)

// Exemption lets one subject, by exact ARN and unique id, be or do for a while
// what a rule forbids. Rules of several judgements may stand in one file.
type Exemption struct {
	ARN string `json:"arn"`
	// ID is the unique id (AIDA…, AROA…, ANPA…): a name made anew is another
	// subject. Subjects without one have "-".
	ID      string    `json:"id"`
	Rule    string    `json:"rule"`
	Reason  string    `json:"reason"`
	Owner   string    `json:"owner"`
	Expires time.Time `json:"expires"`
}

// maxExemptions bounds an exemption file, in bytes.
const maxExemptions = 16 << 20

// ReadExemptions reads the exemption file: an object whose list "exemptions"
// has for each arn, id, rule, reason, owner and expires, all required. It is
// strict, because a slip here lets somebody through: unknown and repeated
// keys, a date without a year, an ARN with wildcards are errors that name line
// and column, or the entry. check refuses what a judgement does not
// understand; nil accepts every rule.
func ReadExemptions(r io.Reader, check func(Exemption) error) ([]Exemption, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxExemptions+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("exemptions: %w", err)
	case len(data) > maxExemptions:
		return nil, fmt.Errorf("exemptions: more than %d bytes, which nobody has reviewed", maxExemptions)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errors.New("exemptions: the file is empty: want an object with the list \"exemptions\"")
	}
	var file struct {
		Exemptions []wireExemption `json:"exemptions"`
	}
	if err := json.Unmarshal(data, &file, json.RejectUnknownMembers(true)); err != nil {
		return nil, jsonError(data, err)
	}
	if file.Exemptions == nil {
		return nil, errors.New("exemptions: there is no list \"exemptions\"")
	}
	out := make([]Exemption, len(file.Exemptions))
	entry := map[[3]string]int{} // which has ARN, id and rule
	for i, w := range file.Exemptions {
		if out[i], err = w.exemption(); err == nil && check != nil {
			err = check(out[i])
		}
		key := [3]string{w.ARN, w.ID, w.Rule}
		if first, twice := entry[key]; err == nil && twice {
			err = fmt.Errorf("entry %d has the same arn, id and rule: keep the one that holds", first+1)
		}
		entry[key] = i
		if err != nil {
			return nil, fmt.Errorf("exemptions: entry %d (%s): %w", i+1, orNone(w.ARN), err)
		}
	}
	return out, nil
}

type wireExemption struct {
	ARN     string `json:"arn"`
	ID      string `json:"id"`
	Rule    string `json:"rule"`
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
}

func (w wireExemption) exemption() (Exemption, error) {
	x := Exemption{ARN: w.ARN, ID: w.ID, Rule: w.Rule, Reason: w.Reason, Owner: w.Owner}
	var missing []string
	for _, f := range [][2]string{
		{"arn", w.ARN}, {"id", w.ID}, {"rule", w.Rule}, {"reason", w.Reason}, {"owner", w.Owner}, {"expires", w.Expires},
	} {
		if strings.TrimSpace(f[1]) == "" {
			missing = append(missing, f[0])
		}
	}
	if missing != nil {
		return x, fmt.Errorf("%s missing", strings.Join(missing, ", "))
	}
	if _, err := account.ParseARN(w.ARN); err != nil {
		return x, fmt.Errorf("arn: %w", err)
	}
	if strings.ContainsAny(w.ARN, "*?") {
		return x, fmt.Errorf("arn: want the exact ARN")
	}
	var err error
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if x.Expires, err = time.Parse(form, w.Expires); err == nil {
			return x, nil
		}
	}
	return x, fmt.Errorf("expires: %q is not a date (want 2006-01-02 or 2006-01-02T15:04:05Z)", w.Expires)
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// jsonError says in one line where the file is wrong.
func jsonError(data []byte, err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	offset, what := int64(0), err.Error()
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		offset, what = syntax.ByteOffset, fmt.Sprintf("key %q occurs twice", syntax.JSONPointer.LastToken())
	case errors.As(err, &syntax):
		offset, what = syntax.ByteOffset, syntax.Err.Error()
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		offset, what = semantic.ByteOffset, fmt.Sprintf("unknown key %q", semantic.JSONPointer.LastToken())
	case errors.As(err, &semantic):
		offset, what = semantic.ByteOffset, fmt.Sprintf("%s: wrong type (%s)", semantic.JSONPointer, semantic.JSONKind)
	}
	before := data[:min(int(offset), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("exemptions: line %d, column %d: %s", line, column, what)
}
