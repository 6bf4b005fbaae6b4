package account

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxSnapshot bounds what ReadSnapshot holds in memory: an account at every
// IAM quota stays below it.
const maxSnapshot = 1 << 30

// ReadSnapshot reads what WriteSnapshot wrote, compressed by gzip or not, and
// what ReadGAAD reads. The name appears in errors. Unknown fields and a newer
// version are errors, because a judgement over evidence that is not understood
// would be a guess.
func ReadSnapshot(name string, r io.Reader) (*Snapshot, error) {
	data, err := readAll(name, r)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%s: is empty: want what warden collect wrote, or the answer of get-account-authorization-details", name)
	}
	var head struct {
		Version *int            `json:"version"`
		Users   json.RawMessage `json:"UserDetailList"`
		Roles   json.RawMessage `json:"RoleDetailList"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", name, place(data, err))
	}
	switch {
	case head.Version == nil && (head.Users != nil || head.Roles != nil):
		return parseGAAD(name, data)
	case head.Version == nil || *head.Version < 1:
		return nil, fmt.Errorf("%s: has no \"version\": this is not a warden snapshot", name)
	case *head.Version > Version:
		return nil, fmt.Errorf("%s: snapshot version %d is newer than %d, the newest that this warden reads: update warden", name, *head.Version, Version)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	s := new(Snapshot)
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, place(data, err))
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// readAll reads a file within the bounds of a snapshot and takes it out of
// gzip.
func readAll(name string, r io.Reader) ([]byte, error) {
	in := bufio.NewReader(r)
	var from io.Reader = in
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if from, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(from, maxSnapshot+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxSnapshot {
		return nil, fmt.Errorf("%s: larger than %d bytes, the most a snapshot may have", name, maxSnapshot)
	}
	return data, nil
}

// WriteSnapshot writes s as indented JSON. Policy documents are kept as
// values; their white space is not.
func WriteSnapshot(w io.Writer, s *Snapshot) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("write snapshot of account %s: %w", s.Account, err)
	}
	return nil
}

// check refuses a snapshot whose parts do not fit together.
func (s *Snapshot) check() error {
	if err := checkID(s.Account); err != nil {
		return err
	}
	groups := make(map[string]bool, len(s.Groups))
	for _, g := range s.Groups {
		groups[g.Name] = true
	}
	for _, u := range s.Users {
		if u.Name == "" || u.ID == "" {
			return fmt.Errorf("user %q (id %q): a user needs a name and an id", u.Name, u.ID)
		}
		for _, g := range u.Groups {
			if !groups[g] {
				return fmt.Errorf("user %s is a member of group %q, which the snapshot does not have", u.Name, g)
			}
		}
	}
	for _, r := range s.Roles {
		if r.Name == "" || r.ID == "" {
			return fmt.Errorf("role %q (id %q): a role needs a name and an id", r.Name, r.ID)
		}
	}
	return s.oneAccount()
}

// oneAccount refuses what was put together of several accounts, or of one
// twice: the answers would be about none of them.
func (s *Snapshot) oneAccount() error {
	var arns []string
	for i := range s.Users {
		arns = append(arns, s.Users[i].ARN)
	}
	for i := range s.Groups {
		arns = append(arns, s.Groups[i].ARN)
	}
	for i := range s.Roles {
		arns = append(arns, s.Roles[i].ARN)
	}
	seen := map[string]bool{}
	for _, arn := range arns {
		if arn != "" && seen[arn] {
			return fmt.Errorf("%s is there twice", arn)
		}
		seen[arn] = true
		if a, err := ParseARN(arn); err == nil && a.Account != s.Account {
			return fmt.Errorf("%s is not of account %s: a snapshot is of one account", arn, s.Account)
		}
	}
	return nil
}

// place adds line and column to a JSON error that carries an offset.
func place(data []byte, err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &typ):
		offset = typ.Offset
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		offset = int64(len(data))
	}
	if offset < 0 {
		return err
	}
	line, col := position(data, offset)
	if typ != nil {
		what := "the file"
		if typ.Field != "" {
			what = strconv.Quote(typ.Field)
		}
		return fmt.Errorf("line %d column %d: %s has the wrong type (%s)", line, col, what, typ.Value)
	}
	return fmt.Errorf("line %d column %d: %w", line, col, err)
}

// position turns a byte offset into a line and a column, both from 1.
func position(data []byte, offset int64) (line, col int) {
	before := data[:min(int(offset), len(data))]
	return bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// checkID refuses what is no id of an account.
func checkID(id string) error {
	if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		return fmt.Errorf("account %q: want twelve digits", id)
	}
	return nil
}
