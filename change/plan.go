package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// PlanVersion is the format of saved plans that this program reads and writes.
const PlanVersion = 1

// Plan is a list of steps for one incident, in the order in which they run.
type Plan struct {
	// ID is the SHA-256, in hex, of account, incident, round and the ids of
	// the steps. Title, Reason and CreatedAt are not part of it.
	ID string
	// Account is the twelve-digit id of the account to change.
	Account  string
	Incident string
	// Round counts the plans of an incident from 1. It keeps a second
	// containment of one caller (after an undo, or because the first was
	// stripped) apart from the first, and one round has one plan only,
	// however many workers make it.
	Round int
	// Undo says that the plan gives back what earlier plans did.
	Undo      bool
	Title     string
	Reason    string
	CreatedAt time.Time
	Steps     []Step
}

// NewPlan checks the steps, gives them and the plan their ids and returns the
// plan. A plan without steps is valid: there is nothing to do.
func NewPlan(p Plan) (Plan, error) {
	if p.Account == "" || p.Incident == "" {
		return Plan{}, errors.New("a plan needs an account and an incident")
	}
	if p.Round < 1 {
		return Plan{}, fmt.Errorf("a plan's rounds count from 1, not %d", p.Round)
	}
	p.Steps = append([]Step(nil), p.Steps...)
	seen := map[string]bool{}
	for i, s := range p.Steps {
		if err := s.validate(); err != nil {
			return Plan{}, fmt.Errorf("step %d: %w", i+1, err)
		}
		p.Steps[i].ID = stepID(p, s)
		if seen[p.Steps[i].ID] {
			return Plan{}, fmt.Errorf("step %d is in the plan twice: %s", i+1, s)
		}
		seen[p.Steps[i].ID] = true
	}
	p.ID = planID(p)
	return p, nil
}

// Short is the form of an id that people read and type: its first 12
// characters. Commands accept any unambiguous prefix.
func Short(id string) string {
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

// Hash returns the SHA-256, in hex, of the fields, each written as its length
// in decimal, a colon, its bytes and a comma, so that no two lists of fields
// share an encoding.
func Hash(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%d:%s,", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func stepID(p Plan, s Step) string {
	state := func(st State) string {
		if !st.Exists {
			return "absent"
		}
		return Hash(st.Text, st.Version)
	}
	return Hash("warden-step-1", p.Account, p.Incident, strconv.Itoa(p.Round), string(s.Action), string(s.Kind), s.Target, s.Name, s.TargetID,
		state(s.Before), state(s.After), Hash(s.Undoes...))
}

func planID(p Plan) string {
	ids := []string{"warden-plan-1", p.Account, p.Incident, strconv.Itoa(p.Round), strconv.FormatBool(p.Undo)}
	for _, s := range p.Steps {
		ids = append(ids, s.ID)
	}
	return Hash(ids...)
}

type planJSON struct {
	Version   int       `json:"version"`
	ID        string    `json:"id"`
	Account   string    `json:"account"`
	Incident  string    `json:"incident"`
	Round     int       `json:"round"`
	Undo      bool      `json:"undo,omitempty"`
	Title     string    `json:"title,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	Steps     []Step    `json:"steps"`
}

// MarshalJSON writes the saved form.
func (p Plan) MarshalJSON() ([]byte, error) {
	return json.Marshal(planJSON{PlanVersion, p.ID, p.Account, p.Incident, p.Round, p.Undo, p.Title, p.Reason, p.CreatedAt.UTC(), p.Steps})
}

// UnmarshalJSON reads the saved form. It refuses unknown fields, a newer
// format, and ids that do not match the content.
func (p *Plan) UnmarshalJSON(data []byte) error {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if v.Version != PlanVersion {
		return fmt.Errorf("plan: it has format version %d, this program reads version %d", v.Version, PlanVersion)
	}
	var w planJSON
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	got, err := NewPlan(Plan{Account: w.Account, Incident: w.Incident, Round: w.Round, Undo: w.Undo,
		Title: w.Title, Reason: w.Reason, CreatedAt: w.CreatedAt, Steps: w.Steps})
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	for i, s := range got.Steps {
		if s.ID != w.Steps[i].ID {
			return fmt.Errorf("plan: step %d (%s) was changed after it was planned: its id is %s, its content makes %s", i+1, s, Short(w.Steps[i].ID), Short(s.ID))
		}
	}
	if got.ID != w.ID {
		return fmt.Errorf("plan: it was changed after it was made: its id is %s, its content makes %s", Short(w.ID), Short(got.ID))
	}
	*p = got
	return nil
}

// WritePlan saves a plan as indented JSON.
func WritePlan(w io.Writer, p Plan) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// ReadPlan reads one saved plan; name is the file's name in errors. Anything
// after the plan is an error.
func ReadPlan(name string, r io.Reader) (Plan, error) {
	var p Plan
	d := json.NewDecoder(r)
	if err := d.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("%s: %w", name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Plan{}, fmt.Errorf("%s: there is more after the plan", name)
	}
	return p, nil
}
