package collect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"warden/account"
)

// CoreClient holds the calls of IAM that Account makes without being asked for
// more.
type CoreClient interface {
	DetailsClient
	GenerateCredentialReport(ctx context.Context, in *iam.GenerateCredentialReportInput, opts ...func(*iam.Options)) (*iam.GenerateCredentialReportOutput, error)
	GetCredentialReport(ctx context.Context, in *iam.GetCredentialReportInput, opts ...func(*iam.Options)) (*iam.GetCredentialReportOutput, error)
	GetAccountSummary(ctx context.Context, in *iam.GetAccountSummaryInput, opts ...func(*iam.Options)) (*iam.GetAccountSummaryOutput, error)
	GetAccountPasswordPolicy(ctx context.Context, in *iam.GetAccountPasswordPolicyInput, opts ...func(*iam.Options)) (*iam.GetAccountPasswordPolicyOutput, error)
	ListAccountAliases(ctx context.Context, in *iam.ListAccountAliasesInput, opts ...func(*iam.Options)) (*iam.ListAccountAliasesOutput, error)
	ListVirtualMFADevices(ctx context.Context, in *iam.ListVirtualMFADevicesInput, opts ...func(*iam.Options)) (*iam.ListVirtualMFADevicesOutput, error)
	ListServiceSpecificCredentials(ctx context.Context, in *iam.ListServiceSpecificCredentialsInput, opts ...func(*iam.Options)) (*iam.ListServiceSpecificCredentialsOutput, error)
	ListServerCertificates(ctx context.Context, in *iam.ListServerCertificatesInput, opts ...func(*iam.Options)) (*iam.ListServerCertificatesOutput, error)
	ListOrganizationsFeatures(ctx context.Context, in *iam.ListOrganizationsFeaturesInput, opts ...func(*iam.Options)) (*iam.ListOrganizationsFeaturesOutput, error)
}

// OrganizationClient holds the call that says in which organisation an account
// is.
type OrganizationClient interface {
	DescribeOrganization(ctx context.Context, in *organizations.DescribeOrganizationInput, opts ...func(*organizations.Options)) (*organizations.DescribeOrganizationOutput, error)
}

// Clients are what Account asks. Nil means that this is not asked.
type Clients struct {
	IAM          CoreClient
	Organization OrganizationClient
	// Guardrails sees the control policies above the account: it has the
	// credentials of the management account or of a delegate.
	Guardrails GuardrailClient
	// Users is asked for each user.
	Users UserClient
	// Regions are asked for their monitoring, keys, networks and instances,
	// and Buckets for the buckets of the trails that they show.
	Regions map[string]Regional
	Buckets BucketClient
	// Contacts and Block tell settings of the account as a whole.
	Contacts ContactClient
	Block    BlockClient
}

// Options say whose account it is, and how Account goes about it.
type Options struct {
	Account, Partition string
	// Now is the clock; nil means the wall clock.
	Now func() time.Time
	// Progress, when set, is told what is being read; it may be called from
	// several goroutines.
	Progress func(what string)
	// Patience is how long the credential report is waited for; 0 means
	// three minutes.
	Patience time.Duration
	// Sleep waits; nil sleeps.
	Sleep func(ctx context.Context, d time.Duration) error
	// Before is an earlier snapshot of the same account, perhaps an
	// unfinished one: what was read of each user within the last hour is
	// taken from it.
	Before *account.Snapshot
}

// workers bounds the calls that are under way at one time.
const workers = 6

// Account reads an account into a snapshot. What cannot be read becomes a Gap
// that names the call; nothing else of the snapshot suffers. An error means
// that the context has ended: the snapshot then holds what was read until
// then, and a Gap for each part that was not.
func Account(ctx context.Context, c Clients, o Options) (*account.Snapshot, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Patience == 0 {
		o.Patience = 3 * time.Minute
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	s := &account.Snapshot{Version: account.Version, Account: o.Account, Partition: o.Partition, CollectedAt: o.Now().UTC()}
	r := &reader{Clients: c, Options: o, snapshot: s, limit: make(chan struct{}, workers)}
	r.core(ctx)
	r.settings(ctx)
	r.all.Wait()
	if c.Users != nil {
		r.users(ctx)
	}
	r.regions(ctx)
	r.all.Wait()
	r.buckets(ctx)
	sortGaps(s.Gaps)
	return s, context.Cause(ctx)
}

// Nothing is an error for an account of which nothing that matters was read.
func Nothing(s *account.Snapshot) error {
	if s.Users != nil || s.CredentialReport != nil || s.Summary != nil || len(s.Gaps) == 0 {
		return nil
	}
	return fmt.Errorf("nothing of account %s could be read: %s: %s", s.Account, s.Gaps[0].What, s.Gaps[0].Reason)
}

// reader is one reading of an account. Each part runs by itself and keeps what
// it has read under the lock.
type reader struct {
	Clients
	Options
	snapshot *account.Snapshot
	limit    chan struct{}
	all      sync.WaitGroup
	mu       sync.Mutex
}

// part reads something beside the others, once there is room for one more.
// look does the calls and returns what keeps the result; its error becomes a
// Gap.
func (r *reader) part(ctx context.Context, call, subject string, look func() (keep func(), err error)) {
	r.limit <- struct{}{}
	r.all.Go(func() {
		defer func() { <-r.limit }()
		if ctx.Err() != nil {
			r.gap(call, subject, context.Cause(ctx))
			return
		}
		keep, err := look()
		if err != nil {
			r.gap(call, subject, err)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		keep()
	})
}

func (r *reader) gap(call, subject string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot.Gaps = append(r.snapshot.Gaps, account.Gap{What: call, Subject: subject, Reason: Reason(err)})
}

// from is the evidence of a call that is made now.
func (r *reader) from(call string) account.Evidence {
	return account.Evidence{Source: call, At: r.Now().UTC()}
}

// fact is a value with the evidence of a call that was just made.
func fact[T any](r *reader, call string, value T) *account.Fact[T] {
	return &account.Fact[T]{Evidence: r.from(call), Value: value}
}

// Reason tells why a call failed, in one line and without what differs from
// one call to the next.
func Reason(err error) string {
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		text = "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		text = "there was no answer in time"
	case errors.As(err, &api):
		text = api.ErrorCode()
		if m := api.ErrorMessage(); m != "" {
			text += ": " + m
		}
	case errors.As(err, &response):
		text = fmt.Sprintf("HTTP status %d with an answer that cannot be understood", response.HTTPStatusCode())
	}
	return strings.Join(strings.Fields(text), " ")
}

func failedWith(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	got := strings.TrimSuffix(api.ErrorCode(), "Exception")
	for _, c := range codes {
		if got == c {
			return true
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", context.Cause(ctx))
	}
}
