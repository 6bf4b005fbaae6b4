package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/audit"
	"warden/report"
	"warden/report/deliver"
)

// auditFunction audits when a schedule says so.
type auditFunction struct {
	environment
	config auditConfig
	now    func() time.Time

	mu      sync.Mutex
	clients *app.Clients // with the function's own role
	self    account.ARN
}

func newAudit(e environment) (worker, error) {
	config, err := readAuditConfig(e.getenv)
	if err != nil {
		return nil, err
	}
	return &auditFunction{environment: e, config: config, now: time.Now}, nil
}

// prepare implements worker.
func (f *auditFunction) prepare(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients != nil {
		return nil
	}
	clients, err := f.connect(ctx)
	if err != nil {
		return err
	}
	_, arn, err := clients.Account(ctx)
	if err != nil {
		return err
	}
	if f.self, err = account.ParseARN(arn); err != nil {
		return fmt.Errorf("who the function is: %w", err)
	}
	f.clients = clients
	return nil
}

// scheduled is the time that an invocation is for: what the schedule of the
// template says, and what events of EventBridge say. An invocation by hand
// need not say any. Sources: EventBridge Scheduler User Guide, "Adding context
// attributes"; EventBridge User Guide, "Events".
func scheduled(payload json.RawMessage, now time.Time) (time.Time, error) {
	var event struct {
		Time string `json:"time"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return time.Time{}, fmt.Errorf("not the event of a schedule: %w", err)
	}
	if event.Time == "" {
		return now.UTC().Truncate(time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, event.Time)
	if err != nil {
		return time.Time{}, fmt.Errorf("not the event of a schedule: time %q: want one such as 2026-01-31T06:00:00Z", event.Time)
	}
	return at.UTC(), nil
}

// skipped is the answer where there is nothing to do.
type skipped struct {
	Run     time.Time `json:"run"`
	Skipped string    `json:"skipped"`
}

// handle audits once for each scheduled time. An error means that people may
// not know, and that Lambda is to call again.
func (f *auditFunction) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	work, cancel := begin(ctx, f.setRequest)
	defer cancel()
	at, err := scheduled(payload, f.now())
	if err != nil {
		return nil, err
	}
	if err := f.prepare(work); err != nil {
		return nil, fmt.Errorf("not ready: %w", err)
	}
	// Whoever is cut off at the deadline has no claim after it.
	until, bounded := ctx.Deadline()
	if !bounded {
		until = f.now().Add(15 * time.Minute)
	}
	delivery := f.delivery()
	scope := f.config.auditedBy(f.self.Account)
	if f.config.organization {
		scope = deliver.Organization
	}
	run, err := delivery.Begin(work, scope, at, until)
	if errors.Is(err, deliver.ErrTold) || errors.Is(err, deliver.ErrElsewhere) {
		f.log.Info("nothing to do", "run", at, "reason", err)
		return skipped{at, err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	job := &auditJob{auditFunction: f, run: run, store: delivery.Store}
	job.readExemptions(work)
	// What was found must still be judged, stored and told.
	reading, stop := work, context.CancelFunc(func() {})
	if deadline, ok := work.Deadline(); ok {
		reading, stop = context.WithDeadline(work, f.now().Add(time.Until(deadline)*7/10))
	}
	defer stop()
	if f.config.organization {
		err = job.organization(work, reading)
	} else {
		err = job.account(work, reading, scope)
	}
	if err != nil {
		return nil, run.Fail(work, err)
	}
	done, err := run.Tell(work, job.kept, job.missing)
	f.log.Info("audited", "run", done.Run, "accounts", done.Accounts, "problems", done.Problems, "error", err)
	return done, err
}

// delivery is where the reports go.
func (f *auditFunction) delivery() *deliver.Delivery {
	d := &deliver.Delivery{Tell: f.config.notifier(f.clients), Now: f.now}
	if place := f.config.place; place.Bucket != "" {
		place.Partition = f.self.Partition
		if place.Owner == "" {
			place.Owner = f.self.Account
		}
		d.Store = deliver.NewStore(f.clients.S3, place)
	}
	return d
}

// auditJob is one run.
type auditJob struct {
	*auditFunction
	run   *deliver.Run
	store *deliver.Store

	exemptions []audit.Exemption
	problems   []string // met before any account was read

	one     sync.Mutex // accounts are judged one at a time: that takes memory
	mu      sync.Mutex
	kept    []*deliver.Kept
	missing []report.NotAudited
}

// readExemptions takes those of the configuration and of the bucket. Where
// they cannot be read nothing is accepted by them, and people are told.
func (j *auditJob) readExemptions(ctx context.Context) {
	j.exemptions = j.config.exemptions
	if j.config.exemptionsKey == "" {
		return
	}
	data, err := j.store.Read(ctx, j.config.exemptionsKey)
	var list []audit.Exemption
	if err == nil {
		list, err = audit.ReadExemptions(bytes.NewReader(data))
	}
	if err != nil {
		why := collect.Reason(err)
		if errors.Is(err, deliver.ErrNone) {
			why = "it is not there, or may not be read"
		}
		j.problems = append(j.problems, "the file of exemptions could not be read, so nothing is accepted by it: "+why)
		j.log.Error("exemptions not read", "key", j.config.exemptionsKey, "error", oneLine(err))
		return
	}
	j.exemptions = append(j.exemptions, list...)
}

// auditor are the clients that read.
func (j *auditJob) auditor() *app.Clients {
	if j.config.role == "" {
		return j.clients
	}
	return j.clients.Assume(j.config.role, j.config.externalID)
}

// account audits one account: the one that the auditor's role is of.
func (j *auditJob) account(work, reading context.Context, id string) error {
	return j.audit(work, reading, j.auditor(), nil, collect.Member{ID: id})
}

// accountsAtOnce bounds how many accounts are read at one time; each has its
// own rate.
const accountsAtOnce = 4

// organization audits every active account, with the credentials of the
// management account or of a delegate. One that cannot be audited stops no
// other.
func (j *auditJob) organization(work, reading context.Context) error {
	auditor := j.auditor()
	own := j.config.auditedBy(j.self.Account)
	members, err := collect.Members(reading, auditor.Organizations)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	limit := make(chan struct{}, accountsAtOnce)
	for _, m := range members {
		if !m.Active {
			j.log.Info("account is not active: left out", "account", m.ID, "name", m.Name)
			continue
		}
		limit <- struct{}{}
		all.Go(func() {
			defer func() { <-limit }()
			clients := auditor
			if m.ID != own {
				clients = auditor.Assume("arn:"+j.self.Partition+":iam::"+m.ID+":role/"+auditorName, j.config.externalID)
			}
			if err := j.audit(work, reading, clients, auditor, m); err != nil {
				j.log.Error("account not audited", "account", m.ID, "error", oneLine(err))
				j.mu.Lock()
				j.missing = append(j.missing, report.NotAudited{Account: m.ID, Name: m.Name, Reason: collect.Reason(err)})
				j.mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(j.kept) == 0 && len(j.missing) > 0 {
		return fmt.Errorf("none of %d accounts could be audited: %s", len(j.missing), j.missing[0].Reason)
	}
	return nil
}

// audit reads and judges an account, and keeps the report. What there was no
// time to read is a gap, and unknown; nothing at all is an error. The policies
// above the account are read with the credentials of management, where those
// are there.
func (j *auditJob) audit(work, reading context.Context, clients, management *app.Clients, m collect.Member) error {
	calls := new(collect.Calls)
	clients = clients.Gentle(calls)
	// Whoever cannot become the role learns it by one call.
	id, _, err := clients.Account(reading)
	if err != nil {
		return err
	}
	if id != m.ID {
		return fmt.Errorf("the role is of account %s, not of %s", id, m.ID)
	}
	sources := clients.Sources(j.config.perUser, j.config.regions)
	if management != nil {
		sources.Guardrails = management.Organizations
	}
	snapshot, err := collect.Account(reading, sources, collect.Options{Account: id, Partition: j.self.Partition})
	problems := append([]string{}, j.problems...)
	if err != nil {
		problems = append(problems, "there was not enough time to read all: what is missing is unknown")
		j.log.Error("not all could be read in time", "account", id, "error", oneLine(err))
	}
	if err := collect.Nothing(snapshot); err != nil {
		return err
	}
	j.log.Info("read", "account", id, "calls", calls.Total(), "gaps", len(snapshot.Gaps))
	j.one.Lock()
	defer j.one.Unlock()
	e := audit.NewEvidence(snapshot, time.Time{})
	e.Exemptions = j.exemptions
	for _, x := range audit.Expired(j.exemptions, e.Now) {
		if arn, err := account.ParseARN(x.ARN); err == nil && (arn.Account == id || arn.Account == "") {
			problems = append(problems, fmt.Sprintf("the exemption of %s from %s has expired", x.ARN, x.Rule))
		}
	}
	k := j.run.Keep(work, audit.Run(e, j.config.selection), deliver.Extra{Name: m.Name, Evidence: e, Snapshot: j.config.snapshot, Problems: problems})
	j.mu.Lock()
	j.kept = append(j.kept, k)
	j.mu.Unlock()
	return nil
}
