package stage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"warden/account"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/deploy"
	"warden/twin"
)

// Hands are what one runtime of the guard works with.
type Hands struct {
	// Role is the ARN of the role that it has in the company's account.
	Role string
	// Account reaches the company's account with that role, Hub the queue and
	// the topic, which are in the security account where there is one.
	Account, Hub *app.Clients
	// Rail reaches the organisation's policy; nil without one.
	Rail apply.Organizations
}

// NewHands makes what one more runtime of the guard works with. change may
// change the configuration of its clients; nil leaves it.
func (st *Stage) NewHands(change func(*aws.Config)) (Hands, error) {
	if change == nil {
		change = func(*aws.Config) {}
	}
	if st.Org == nil {
		user, err := st.Clients(st.Truth.Guard)
		if err != nil {
			return Hands{}, err
		}
		role := user.With(change).Assume(st.Truth.GuardRole, "")
		return Hands{Role: st.Truth.GuardRole, Account: role, Hub: role}, nil
	}
	user, err := st.clientsIn(st.Others.Security, st.Others.Guard)
	if err != nil {
		return Hands{}, err
	}
	hub := user.With(change).Assume(st.Others.GuardRole, "")
	return Hands{
		Role: st.Others.ResponderRole, Account: hub.Assume(st.Others.ResponderRole, ""), Hub: hub,
		Rail: hub.Assume(st.Others.GuardrailRole, "").Organizations,
	}, nil
}

// Reader reads the account, and the organisation's policy where there is one.
func (h Hands) Reader() apply.Reader {
	if h.Rail != nil {
		return apply.Guarded(h.Account.IAM, h.Rail)
	}
	return h.Account.IAM
}

// Applier changes the account with these hands.
func (h Hands) Applier(l *ledger.Ledger, o apply.Options) *apply.Applier {
	o.Organizations = h.Rail
	return apply.New(h.Account.IAM, l, o)
}

// load makes the twin as of now.
func (st *Stage) load(now time.Time) (http.Handler, error) {
	o := st.options
	if !o.Organization {
		snapshot, truth := twin.Sample(o.Seed, now)
		st.Truth, st.Account = truth, snapshot.Account
		if err := o.change(snapshot, truth.GuardRole); err != nil {
			return nil, err
		}
		var err error
		if st.Twin, err = twin.New(twin.Config{Snapshot: snapshot, Seed: o.Seed, Random: o.Random, Faults: o.Faults}); err != nil {
			return nil, err
		}
		return st.Twin.Handler(), nil
	}
	cfg, others := twin.SampleOrganization(o.Seed, now)
	cfg.Faults, cfg.Random = o.Faults, o.Random
	st.Others, st.Truth, st.Account = others, others.Company, others.Workload
	for _, a := range cfg.Accounts {
		if a.Snapshot.Account == others.Workload {
			if err := o.change(a.Snapshot, others.ResponderRole); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if st.Org, err = twin.NewOrganization(cfg); err != nil {
		return nil, err
	}
	st.Twin = st.Org.Account(others.Workload)
	return st.Org.Handler(), nil
}

// change makes the company's account as the options want it.
func (o Options) change(s *account.Snapshot, role string) error {
	if err := grant(s, role, o.Rights); err != nil || o.Change == nil {
		return err
	}
	return o.Change(s)
}

// Least gives the guard the rights of the stack's role alone, without the
// responder's: it attaches DENY-IAM, which is there as the stack makes it, and
// changes the status of keys.
func Least(o Options) (Options, error) {
	const acct = twin.SampleAccount
	place := deploy.Place{Partition: "aws", Region: "us-east-1", Account: acct}
	stack, err := deploy.Resolve("guard", place, map[string]string{"UndoActions": "true"})
	if err != nil {
		return o, err
	}
	rights, err := stack.Document("GuardRolePolicy", "PolicyDocument")
	if err != nil {
		return o, err
	}
	deny, err := stack.Document("DenyPolicy", "PolicyDocument")
	if err != nil {
		return o, err
	}
	o.Rights = []string{rights}
	o.Change = func(s *account.Snapshot) error {
		s.Policies = append(s.Policies, account.ManagedPolicy{
			Path: "/", Name: "DENY-IAM", ID: "ANPAWARDENDENYIAM0001", ARN: "arn:aws:iam::" + acct + ":policy/DENY-IAM",
			CreateDate: s.CollectedAt, UpdateDate: s.CollectedAt,
			Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: s.CollectedAt, Document: json.RawMessage(deny)}},
		})
		return nil
	}
	return o, nil
}

// StackRights are the policies of the stack's roles, as the templates have
// them, for the one role that the guard of a stage has: those for taking back
// and the responder's together.
func StackRights(acct, role string, protected []string) ([]string, error) {
	var out []string
	stack, err := deploy.Resolve("guard", deploy.Place{Partition: "aws", Region: "us-east-1", Account: acct}, map[string]string{
		"UndoActions": "true", "CreateResponderRole": "true", "ContainSessions": "true", "ProtectedArns": strings.Join(protected, ","),
	})
	if err != nil {
		return nil, err
	}
	for _, resource := range []string{"GuardRolePolicy", "ResponderRolePolicy"} {
		text, err := stack.Document(resource, "PolicyDocument")
		if err != nil {
			return nil, err
		}
		out = append(out, strings.ReplaceAll(text, "arn:aws:iam::"+acct+":role/warden-guard*\"", role+"\""))
	}
	return out, nil
}

// grant gives a role other policies beside what it has for queue and topic.
func grant(s *account.Snapshot, role string, rights []string) error {
	if len(rights) == 0 {
		return nil
	}
	i := slices.IndexFunc(s.Roles, func(r account.Role) bool { return r.ARN == role })
	if i < 0 {
		return fmt.Errorf("there is no role %s", role)
	}
	r := &s.Roles[i]
	channels := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"arn:aws:sqs:*:%[1]s:warden-*"},`+
		`{"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:*:%[1]s:warden-*"}]}`, s.Account)
	r.Inline = []account.InlinePolicy{{Name: "channels", Document: json.RawMessage(channels)}}
	for i, document := range rights {
		r.Inline = append(r.Inline, account.InlinePolicy{Name: fmt.Sprintf("guard-%d", i+1), Document: json.RawMessage(document)})
	}
	return nil
}
