package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/account/collect"
	"warden/audit"
	"warden/report"
)

// Kept is a report that was compared with the one before and stored.
type Kept struct {
	Report *audit.Report
	// Name is that of the account in its organisation, where it is known.
	Name string
	// Since is what is different from the report Before; nil where there is
	// nothing to compare with, and Why then says why.
	Since  *audit.Diff
	Before time.Time
	Why    string
	// NotAsked are controls of the report before that this one has not.
	NotAsked []string
	// Objects are what was stored, for people first.
	Objects []Object
	// Problems are what could not be done, in words for people.
	Problems []string

	errs   []error
	latest *latest
	entry  *report.Entry // in the index of many accounts
}

// latest is the object that names the newest report that people were told of.
type latest struct {
	Version int  `json:"version"`
	Newest  mark `json:"newest"`
	// Previous is the one before, for when the newest is made again.
	Previous *mark `json:"previous,omitempty"`
}

type mark struct {
	Run string    `json:"run"`
	At  time.Time `json:"at"`
	Key string    `json:"report"`
}

// Extra is what goes with a report.
type Extra struct {
	// Name is the account's in its organisation; "" where it is not known.
	Name string
	// Evidence is what the report rests on, for the form html, and with
	// Snapshot to be stored itself; nil where it is not at hand.
	Evidence *audit.Evidence
	Snapshot bool
	// Since is what people gave as the difference; nil compares with the
	// report that is stored as the newest.
	Since  *audit.Diff
	Before time.Time
	// Problems were met on the way, in words for people.
	Problems []string
}

// stored are the forms in which a report is kept, for people first.
var stored = []struct {
	form       report.Form
	kind, name string
	inline     bool
}{
	{report.HTML, "text/html; charset=utf-8", "html", true},
	{report.JSON, "application/json", "json", false},
	{report.CSV, "text/csv; charset=utf-8", "csv", false},
}

// Keep compares a report with the one before and stores it. What fails is in
// Problems, for people, and in what Tell returns.
func (r *Run) Keep(ctx context.Context, rep *audit.Report, extra Extra) *Kept {
	k := &Kept{Report: rep, Name: extra.Name, Since: extra.Since, Before: extra.Before, Problems: extra.Problems}
	switch {
	case r.d.Store == nil:
		if k.Since == nil {
			k.Why = "earlier reports are not stored"
		}
		return k
	case r.store != nil:
		k.failed("the report could not be stored", r.store)
		k.Why = "the store of earlier reports could not be asked"
		return k
	}
	if err := r.compare(ctx, k); err != nil {
		k.failed("the report before could not be read", err)
	}
	options := report.Options{Since: k.Since, Evidence: extra.Evidence}
	if r.scope == Organization {
		k.entry = report.NewEntry(rep, options)
	}
	for _, s := range stored {
		r.store1(ctx, k, s.name, file{key: r.folder(rep.Account, "report."+s.name), kind: s.kind, inline: s.inline},
			func(w io.Writer) error { return report.Write(w, s.form, rep, options) })
	}
	if extra.Snapshot && extra.Evidence != nil {
		r.store1(ctx, k, "snapshot", file{key: r.folder(rep.Account, "snapshot.json"), kind: "application/json"},
			func(w io.Writer) error { return account.WriteSnapshot(w, extra.Evidence.Snapshot) })
	}
	return k
}

// store1 writes one object of an account.
func (r *Run) store1(ctx context.Context, k *Kept, what string, f file, write func(io.Writer) error) {
	o, err := r.storeObject(ctx, k.Report.Account, what, f, write)
	if err != nil {
		k.failed("the "+what+" of the report could not be stored", err)
		return
	}
	k.Objects = append(k.Objects, o)
}

// storeObject writes an object that is about an account, or the organisation.
func (r *Run) storeObject(ctx context.Context, about, what string, f file, write func(io.Writer) error) (Object, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return Object{}, err
	}
	f.body = b.Bytes()
	f.name = strings.Join([]string{"warden-audit", about, r.at.Format(Stamp), path.Base(f.key)}, "-")
	if _, err := r.d.Store.put(ctx, f); err != nil {
		return Object{}, err
	}
	return r.d.Store.object(what, f.key), nil
}

func (k *Kept) failed(what string, err error) {
	k.Problems = append(k.Problems, what+": "+collect.Reason(err))
	k.errs = append(k.errs, fmt.Errorf("%s: %w", what, err))
}

// compare finds the report before and what is different. That there is none is
// no error.
func (r *Run) compare(ctx context.Context, k *Kept) error {
	rep := k.Report
	own := mark{Run: r.ID(), At: r.at, Key: r.folder(rep.Account, "report.json")}
	var l latest
	_, err := r.d.Store.getJSON(ctx, r.d.Store.key(rep.Account, "latest.json"), &l)
	if errors.Is(err, ErrNone) {
		k.latest = &latest{Version: 1, Newest: own}
		k.why("there is no report before this one")
		if code(err) == "AccessDenied" {
			// Without the right to list, S3 does not tell the two apart.
			k.why("there is no report before this one, or it may not be read")
		}
		return nil
	}
	if err != nil {
		k.why("the report before could not be read")
		return err
	}
	before := &l.Newest
	switch {
	case l.Newest.At.Before(r.at):
		k.latest = &latest{Version: 1, Newest: own, Previous: before}
	case l.Newest.At.Equal(r.at):
		before = l.Previous // this run is done again
		k.latest = &latest{Version: 1, Newest: own, Previous: before}
	case l.Previous != nil && l.Previous.At.Before(r.at):
		before = l.Previous // a newer one is there: this run is late
	default:
		before = nil
	}
	if k.Since != nil {
		return nil
	}
	if before == nil {
		k.why("there is no report before this one")
		return nil
	}
	data, _, err := r.d.Store.get(ctx, before.Key)
	if err != nil {
		k.why("the report before could not be read")
		return err
	}
	list, err := report.ReadJSON("s3://"+r.d.Store.Bucket+"/"+before.Key, bytes.NewReader(data))
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("s3://%s/%s is of %d accounts", r.d.Store.Bucket, before.Key, len(list))
	}
	if err != nil {
		k.why("the report before could not be read")
		return err
	}
	old := list[0]
	switch {
	case old.Account != rep.Account:
		k.why("the report before is of another account")
		return fmt.Errorf("s3://%s/%s is of account %s", r.d.Store.Bucket, before.Key, old.Account)
	case old.Benchmark != rep.Benchmark:
		k.why("the report before was of benchmark " + old.Benchmark)
		return nil
	}
	d := audit.Compare(old, rep)
	k.Since, k.Before, k.NotAsked = &d, before.At, audit.NotAsked(old, rep)
	return nil
}

func (k *Kept) why(text string) {
	if k.Since == nil {
		k.Why = text
	}
}

// Done is what a run ended with, for its log and its answer.
type Done struct {
	Run      string   `json:"run"`
	Accounts []Counts `json:"accounts"`
	// Index leads to the pages of all accounts; nil where it is not stored.
	Index    *Object  `json:"index,omitempty"`
	Problems []string `json:"problems,omitempty"`

	noIndex string // why there is no index, in words for people; "" where there is one
}

// Tell tells people what was kept, with the accounts that could not be
// audited, and ends the run. An error means that something is left to do: the
// next invocation of this run tells again only if people were not told, or if
// the store cannot say whether they were.
func (r *Run) Tell(ctx context.Context, kept []*Kept, missing []report.NotAudited) (Done, error) {
	slices.SortStableFunc(kept, func(a, b *Kept) int { return strings.Compare(a.Report.Account, b.Report.Account) })
	done := Done{Run: r.ID(), Accounts: []Counts{}}
	var errs []error
	for _, k := range kept {
		done.Accounts = append(done.Accounts, k.counts())
		done.Problems = append(done.Problems, k.Problems...)
		errs = append(errs, k.errs...)
	}
	for _, m := range missing {
		done.Problems = append(done.Problems, "account "+m.Account+" was not audited: "+m.Reason)
	}
	if r.scope == Organization && r.d.Store != nil && r.store == nil {
		index, err := r.index(ctx, kept, missing)
		if err != nil {
			done.noIndex = "the index of the reports could not be stored: " + collect.Reason(err)
			done.Problems = append(done.Problems, done.noIndex)
			errs = append(errs, fmt.Errorf("store the index: %w", err))
		} else {
			done.Index = &index
		}
	}
	message := r.summary(done, kept, missing)
	if r.scope != Organization && len(kept) == 1 {
		message = r.letter(kept[0])
	}
	if err := r.d.tell(ctx, message); err != nil {
		errs = append(errs, fmt.Errorf("tell people: %w", err))
		return done, errors.Join(append(errs, r.end(ctx, "failed"))...)
	}
	// From here on people know. What is compared with tomorrow is what they
	// were told.
	for _, k := range kept {
		if k.latest == nil || r.store != nil {
			continue
		}
		if !slices.ContainsFunc(k.Objects, func(o Object) bool { return o.What == "json" }) {
			continue // there is nothing to compare with
		}
		if _, err := r.d.Store.putJSON(ctx, r.d.Store.key(k.Report.Account, "latest.json"), k.latest, condition{}); err != nil {
			errs = append(errs, fmt.Errorf("note the newest report: %w", err))
		}
	}
	if err := r.end(ctx, "told"); err != nil && r.store == nil {
		errs = append(errs, err)
	}
	return done, errors.Join(errs...)
}

// size is how large a value is as JSON.
func size(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return 0
	}
	return len(data)
}
