// Package twin is an AWS in one process: it serves the wire protocols of the
// services that warden talks to, from an [account.Snapshot].
//
// It authenticates each request (Signature Version 4), decides it with package
// policy, runs it, and makes of it a CloudTrail record that reaches LookupEvents
// and the EventBridge rules. It is no wider than warden's own needs, and
// stricter than most emulators where programs have bugs: real paging, names
// unique whatever their case, conflicts, quotas, late and doubled events.
//
// Which behaviour is AWS's, by which page, and what differs is in docs/twin.md
// and docs/twin-iam.md. The twin reads no AWS configuration and no environment
// variable, and listens on loopback addresses only.
package twin

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"warden/account"
)

// Config says what the twin is a twin of. The zero value serves the sample
// company, well behaved.
type Config struct {
	// Account is the twelve-digit id of the account, "" for the snapshot's.
	Account string
	// Snapshot is the account to begin with; nil means the sample company.
	Snapshot *account.Snapshot
	// Seed makes unique ids, delays and faults repeatable.
	Seed int64
	// Random is where secrets and the ids of requests, events and messages come
	// from; it must not fail. nil means crypto/rand: they are new in each run,
	// whatever the seed. A test that plays a run again gives a reader that says
	// the same each time. The keys that sign tokens of identity providers are
	// new all the same.
	Random io.Reader
	// Now is the clock; nil means the wall clock.
	Now func() time.Time
	// Faults are off in the zero value.
	Faults Faults
	// Region is where the regional services are; "" means us-east-1.
	Region string
	// History fills CloudTrail's event history with what the snapshot tells of
	// the 90 days before now: who was made when, and what was last used. It
	// reaches no rule.
	History bool
	// Log gets a line for each request at level Debug; nil discards.
	Log *slog.Logger
}

// Twin is one running account. Its methods may be called from many goroutines.
type Twin struct {
	account, partition, region string
	faults                     Faults
	random                     random
	now                        func() time.Time
	log                        *slog.Logger
	operations                 map[string]map[string]operation

	org *Organization // nil where the account stands alone

	mu    *sync.Mutex // guards what follows; one for all accounts of an organization
	state *state
	view  *view
	root  rootKey

	records *records
	bus     *bus
	queues  *queues
	topics  *topics
	trails  *trails
	trouble *trouble
	idp     idp

	buckets map[string]*bucket // by name
	// foreignBuckets are those of trails that another account has.
	foreignBuckets []string
	block          *publicAccessBlock // S3's, of the account
	hubs           map[string]*hub    // Security Hub, by region
	monitoring     map[string]*monitoring
	contacts       map[string]alternateContact // by kind
	keys           map[string][]*kmsKey        // of KMS, by region
	estates        map[string]*estate          // of EC2, by region
	// told is what the snapshot knew of regions, buckets and settings.
	told account.Facts
}

// rootKey is the access key of the account's root user.
type rootKey struct{ id, secret string }

// RootUser is the name under which [Twin.Credentials] knows the account's root
// user; it is the one that the credential report uses.
const RootUser = "<root_account>"

// New loads the account.
func New(cfg Config) (*Twin, error) {
	if err := cfg.Faults.Check(); err != nil {
		return nil, fmt.Errorf("twin: %w", err)
	}
	t := &Twin{faults: cfg.Faults, random: newRandom(cfg.Random), now: cfg.Now, log: cfg.Log, region: cfg.Region, operations: registry(), mu: new(sync.Mutex), buckets: map[string]*bucket{}, hubs: map[string]*hub{}, monitoring: map[string]*monitoring{}, contacts: map[string]alternateContact{}, keys: map[string][]*kmsKey{}, estates: map[string]*estate{}}
	if t.now == nil {
		t.now = time.Now
	}
	if t.log == nil {
		t.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if t.region == "" {
		t.region = "us-east-1"
	}
	snapshot := cfg.Snapshot
	if snapshot == nil {
		id := cfg.Account
		if id == "" {
			id = SampleAccount
		}
		snapshot, _ = sampleFor(id, cfg.Seed, t.now())
	}
	if cfg.Account != "" && snapshot.Account != cfg.Account {
		return nil, fmt.Errorf("twin: the snapshot is of account %s, not %s", snapshot.Account, cfg.Account)
	}
	var err error
	if t.state, err = loadState(snapshot, cfg.Seed, t.random.secret); err != nil {
		return nil, fmt.Errorf("twin: %w", err)
	}
	t.account, t.partition = t.state.account, t.state.partition
	t.root = rootKey{id: t.state.next.make(prefixKey), secret: t.random.secret()}
	t.view = newView(t.state, cfg.Faults.Propagation, cfg.Seed, t.now)
	t.records = newRecords(maxRecords)
	if cfg.History {
		for _, r := range history(snapshot, t.now()) {
			t.records.add(r)
		}
	}
	t.queues = newQueues()
	t.topics = newTopics()
	t.trails = newTrails(t, snapshot)
	t.loadSettings(snapshot)
	t.bus = newBus(t, cfg.Seed)
	t.trouble = newTrouble(cfg.Faults, cfg.Seed)
	return t, nil
}

// Handler serves all services on one endpoint; it finds the service from the
// request's form and from the scope of its signature.
func (t *Twin) Handler() http.Handler { return http.HandlerFunc(t.serve) }

// Snapshot is the account as it is now. It holds no secret.
func (t *Twin) Snapshot() *account.Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state.snapshot()
	s.CollectedAt = t.now().UTC()
	t.saveSettings(s)
	return s
}

// Credentials returns a long-term access key of a user that is active: the
// secret is of this run. [RootUser] names the root user.
func (t *Twin) Credentials(userName string) (id, secret string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if userName == RootUser {
		return t.root.id, t.root.secret, nil
	}
	u := t.state.users.get(userName)
	if u == nil {
		return "", "", fmt.Errorf("twin: there is no user %q", userName)
	}
	for _, k := range u.AccessKeys {
		if secret := t.state.secrets.keys[k.ID]; k.Active && secret != "" {
			return k.ID, secret, nil
		}
	}
	return "", "", fmt.Errorf("twin: user %q has no active access key", userName)
}
