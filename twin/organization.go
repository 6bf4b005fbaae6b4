package twin

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// OrganizationConfig says what an organization is made of. Without accounts it
// is the sample organization.
type OrganizationConfig struct {
	// ID is the organization's id ("o-…"), RootID that of its root ("r-…");
	// "" means one that is drawn from Seed.
	ID, RootID string
	// Accounts begin with the management account.
	Accounts []OrganizationAccount
	// Units are the organizational units, parents before children.
	Units []OrganizationUnit
	// Policies are the service control policies besides FullAWSAccess, which
	// is attached everywhere.
	Policies []ControlPolicy

	// Seed, Random, Now, Region, History, Faults and Log are those of [Config],
	// for every account; Faults.Propagation holds for changes of policies too.
	Seed   int64
	Random io.Reader
	Now    func() time.Time
	Region string
	// History is of every account.
	History bool
	Faults  Faults
	Log     *slog.Logger
}

// OrganizationAccount is one account of an organization.
type OrganizationAccount struct {
	// Name is the friendly name, Email the address of the root user; "" means
	// one made of the name.
	Name, Email string
	// Unit is the id of the unit that the account is in; "" means the root.
	Unit string
	// Invited accounts existed before they joined, and so may leave.
	Invited bool
	// Snapshot is the account to begin with.
	Snapshot *account.Snapshot
}

// OrganizationUnit is an organizational unit. Parent is the id of another one;
// "" means the root.
type OrganizationUnit struct {
	ID, Name, Parent string
}

// ControlPolicy is a service control policy. Targets are the ids of accounts,
// units and the root that it is attached to.
type ControlPolicy struct {
	ID, Name, Description, Content string
	Targets                        []string
}

// Organization is several accounts behind one endpoint. Each is a [Twin] with
// its own identities, records, event bus, queues and topics; the account of a
// request is found from its access key.
type Organization struct {
	id, arn, rootID, management, partition string

	accounts []*Twin // the management account first
	now      func() time.Time
	quotas   organizationQuotas

	// The lock of all accounts guards what follows.
	ids    *organizationIDs
	tree   *tree
	judged *treeView

	rootFeatures []types.FeatureType
}

// NewOrganization loads the accounts.
func NewOrganization(cfg OrganizationConfig) (*Organization, error) {
	o, err := newOrganization(cfg)
	if err != nil {
		return nil, fmt.Errorf("twin: organization: %w", err)
	}
	return o, nil
}

func newOrganization(cfg OrganizationConfig) (*Organization, error) {
	o := &Organization{id: cfg.ID, rootID: cfg.RootID, now: cfg.Now, quotas: defaultOrganizationQuotas(), ids: newOrganizationIDs(cfg.Seed)}
	if o.now == nil {
		o.now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if len(cfg.Accounts) == 0 {
		sample, _ := SampleOrganization(cfg.Seed, o.now())
		o.id, o.rootID = sample.ID, sample.RootID
		cfg.Accounts, cfg.Units, cfg.Policies = sample.Accounts, sample.Units, sample.Policies
	}
	if o.id == "" {
		o.id = "o-" + o.ids.draw(10)
	}
	if o.rootID == "" {
		o.rootID = "r-" + o.ids.draw(4)
	}
	if err := o.load(cfg); err != nil {
		return nil, err
	}
	o.join()
	if err := o.plant(cfg); err != nil {
		return nil, err
	}
	return o, nil
}

// load makes the accounts, each as if it were alone.
func (o *Organization) load(cfg OrganizationConfig) error {
	for i, a := range cfg.Accounts {
		if a.Snapshot == nil {
			return fmt.Errorf("account %q has no snapshot", a.Name)
		}
		t, err := New(Config{
			Snapshot: a.Snapshot, Seed: cfg.Seed + int64(i), Random: cfg.Random, Now: cfg.Now, Region: cfg.Region, History: cfg.History, Faults: cfg.Faults,
			Log: cfg.Log.With(slog.String("account", a.Snapshot.Account)),
		})
		switch {
		case err != nil:
			return err
		case o.Account(t.account) != nil:
			return fmt.Errorf("account %s appears twice", t.account)
		case i > 0 && t.partition != o.accounts[0].partition:
			return fmt.Errorf("account %s is in another partition than the management account", t.account)
		}
		o.accounts = append(o.accounts, t)
	}
	o.management, o.partition = o.accounts[0].account, o.accounts[0].partition
	o.arn = o.named("organization/" + o.id)
	return nil
}

// join puts the accounts behind one lock and lets each see the others. Trust
// policies that name identities of other accounts can be stored by unique id
// only now.
func (o *Organization) join() {
	lock, busLock := new(sync.Mutex), new(sync.Mutex)
	for _, t := range o.accounts {
		t.org, t.mu, t.bus.mu, t.random = o, lock, busLock, o.accounts[0].random
		for _, p := range o.accounts {
			if p == t {
				continue
			}
			t.state.peers = append(t.state.peers, p.state)
			if t.view.state != t.state {
				t.view.state.peers = append(t.view.state.peers, p.view.state)
			}
		}
	}
	for _, t := range o.accounts {
		for _, r := range t.state.roles.all() {
			trust, err := t.state.trustWithIDs(r.Trust)
			if err != nil {
				continue // it was read when the account was loaded
			}
			v := r.clone()
			v.Trust = trust
			// Not by putRole: nobody has changed anything.
			t.state.roles.put(v.Name, v)
			t.view.state.roles.put(v.Name, v)
		}
	}
}

// Account returns one account, nil where the organization has none of that id.
func (o *Organization) Account(id string) *Twin {
	for _, t := range o.accounts {
		if t.account == id {
			return t
		}
	}
	return nil
}

// Accounts returns the ids of all accounts, the management account first.
func (o *Organization) Accounts() []string {
	ids := make([]string, len(o.accounts))
	for i, t := range o.accounts {
		ids[i] = t.account
	}
	return ids
}

// Management is the id of the management account, ID that of the organization.
func (o *Organization) Management() string { return o.management }

// ID is the id of the organization, "o-…".
func (o *Organization) ID() string { return o.id }

// Credentials returns an active access key of a user of an account; see
// [Twin.Credentials].
func (o *Organization) Credentials(account, userName string) (id, secret string, err error) {
	t := o.Account(account)
	if t == nil {
		return "", "", fmt.Errorf("twin: the organization has no account %s", account)
	}
	return t.Credentials(userName)
}

// named is the ARN of something of the organization.
func (o *Organization) named(resource string) string {
	return "arn:" + o.partition + ":organizations::" + o.management + ":" + resource
}

// peer is another account of the same organization, nil where there is none.
func (t *Twin) peer(id string) *Twin {
	switch {
	case id == t.account:
		return t
	case t.org == nil:
		return nil
	}
	return t.org.Account(id)
}

// inAccount is the call as another account sees it that it reaches into: the
// state of that account, the same caller. For accounts that the twin does not
// have it is the call itself.
func (c *call) inAccount(id string) *call {
	t := c.t.peer(id)
	if t == nil || t == c.t {
		return c
	}
	there := *c
	there.t, there.state, there.authorized = t, t.state, t.view.at(c.now)
	return &there
}

// shareWith has the call recorded in another account too (IAM User Guide,
// "Logging IAM and AWS STS API calls with AWS CloudTrail": a role of another
// account that is assumed is recorded in both).
func (c *call) shareWith(there *call) {
	if there.t != c.t {
		c.sharedWith = there.t
	}
}
