package respond_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// births are the events that made sessions, and doors those that made users,
// the oldest first.
func (p *play) births() (births, doors []*trail.Event) {
	p.t.Helper()
	for _, e := range p.lookup() {
		switch {
		case e.Name == "AssumeRole" && !e.Failed():
			births = append(births, e)
		case e.Name == "CreateUser" && e.Actor().Name != p.Truth.Administrator && !e.Failed():
			doors = append(doors, e)
		}
	}
	return births, doors
}

// One caller with many faces takes one place in the budget: with sessions of a
// role under many names, and with users that he made and who act by
// themselves. So he uses up nobody else's.
func TestBudgetOfManyFaces(t *testing.T) {
	t.Parallel()
	t.Run("sessions", func(t *testing.T) {
		t.Parallel()
		p, r, _ := sessionPlay(t, guard.Config{Budget: 2, UndoActions: true})
		for i := range 6 {
			p.must(p.createUser(p.assume(p.intruder, fmt.Sprint("job-", i)), fmt.Sprint("door-", i)))
		}
		p.one(r)
	})
	t.Run("users", func(t *testing.T) {
		t.Parallel()
		p := newPlay(t, stage.Options{Guard: guard.Config{Budget: 2, UndoActions: true}})
		r, _ := p.mighty()
		var made []*app.Clients
		for i := range 6 {
			name := fmt.Sprint("face-", i)
			p.must(p.createUser(p.intruder, name))
			_, err := p.intruder.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(name), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
			p.must(err)
			_, by := p.key(p.intruder, name)
			made = append(made, by)
		}
		for i, by := range made {
			p.must(p.createUser(by, fmt.Sprint("door-", i)))
		}
		p.one(r)
	})
}

// one handles what happened, and wants one place taken in the budget.
func (p *play) one(r *respond.Responder) {
	p.t.Helper()
	births, doors := p.births()
	for _, e := range append(births, doors...) {
		if res := r.Handle(p.t.Context(), e); res.Err != nil || len(res.Proposed) > 0 {
			p.t.Errorf("%s by %s: %s, proposed %v, %v", e.Name, e.Actor().ARN, res.Action, res.Proposed, res.Err)
		}
	}
	if got, err := p.Ledger.Charges(p.t.Context(), p.Account); err != nil || len(got) != 1 {
		p.t.Errorf("places taken by %v, %v", got, err)
	}
	for _, u := range p.Twin.Snapshot().Users {
		if strings.HasPrefix(u.Name, "door-") && len(p.denied(u.Name)) != 1 {
			p.t.Errorf("%s is not denied", u.Name)
		}
	}
}

// A chain of four roles is followed to the user at its beginning: nobody on the
// way may go on, and other sessions of the roles may.
func TestChainOfFour(t *testing.T) {
	t.Parallel()
	p, r, giveBack := sessionPlay(t, guard.Config{})
	ctx := t.Context()
	by := p.assume(p.intruder, "hop-0")
	chain := []*app.Clients{by}
	former := sessionRole
	for i := range 3 {
		name := fmt.Sprint("hop-role-", i)
		_, err := p.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + p.Account + `:role/` + former + `"},"Action":"sts:AssumeRole"}]}`)})
		p.must(err)
		_, err = p.Admin.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
		p.must(err)
		out, err := by.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + p.Account + ":role/" + name), RoleSessionName: aws.String(fmt.Sprint("hop-", i+1))})
		p.must(err)
		c := out.Credentials
		by, former = p.As(app.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken}), name
		chain = append(chain, by)
	}
	// Its name begins as that of a session of the chain, and goes on.
	other := p.assume(p.Admin, "hop-00")
	p.must(p.createUser(by, "door"))
	res := r.Handle(ctx, p.last("hop-3"))
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	for i, c := range append(chain, p.intruder) {
		if err := p.createUser(c, fmt.Sprint("again-", i)); code(err) != "AccessDenied" {
			t.Errorf("the %d. of the chain goes on: %v", i, err)
		}
	}
	if err := p.createUser(other, "good"); err != nil {
		t.Errorf("another session of the role: %v", err)
	}
	all, err := p.Ledger.Incidents(ctx)
	p.must(err)
	given := 0
	for _, in := range slices.Backward(all) {
		if in.Caller != "warden" {
			giveBack(in.ID)
			given++
		}
	}
	if given != 5 {
		t.Errorf("%d incidents", given)
	}
	for i, c := range append(chain, p.intruder) {
		if err := p.createUser(c, fmt.Sprint("back-", i)); err != nil {
			t.Errorf("given back, the %d. of the chain: %v", i, err)
		}
	}
}

// What a caller got before he was contained ends with him: sessions of his own
// and federated ones have no rights but his. What he gets afterwards is no more.
func TestSessionsFromBefore(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{Level: guard.DenyAll}})
	ctx := t.Context()
	r, person := p.mighty()
	p.must(r.Start(ctx))
	_, err := p.Admin.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &p.Truth.Intruder, PolicyName: aws.String("more"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:*","s3:*"],"Resource":"*"}]}`)})
	p.must(err)
	own, err := p.intruder.STS.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	p.must(err)
	// A name of two characters is the shortest. Source: AWS STS API Reference,
	// GetFederationToken.
	fed, err := p.intruder.STS.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("@="), Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
	p.must(err)
	sessions := map[string]*app.Clients{
		"his own":   p.As(app.Key{ID: *own.Credentials.AccessKeyId, Secret: *own.Credentials.SecretAccessKey, Token: *own.Credentials.SessionToken}),
		"federated": p.As(app.Key{ID: *fed.Credentials.AccessKeyId, Secret: *fed.Credentials.SecretAccessKey, Token: *fed.Credentials.SessionToken}),
	}
	look := func(c *app.Clients) string {
		_, err := c.S3.ListBuckets(ctx, &s3.ListBucketsInput{})
		return code(err)
	}
	for name, c := range sessions {
		if got := look(c); got != "" {
			t.Fatalf("%s, before: %s", name, got)
		}
	}
	p.must(p.createUser(p.intruder, "door"))
	res := r.Handle(ctx, p.intruderEvents()[0])
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	for name, c := range sessions {
		if got := look(c); got != "AccessDenied" {
			t.Errorf("%s, contained: %q", name, got)
		}
	}
	if _, err := p.intruder.STS.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("again")}); code(err) != "AccessDenied" {
		t.Errorf("another federated session: %v", err)
	}
	// GetSessionToken needs no permission, and what it gives has his rights.
	// Source: AWS STS API Reference, GetSessionToken.
	if out, err := p.intruder.STS.GetSessionToken(ctx, &sts.GetSessionTokenInput{}); err == nil {
		c := out.Credentials
		if got := look(p.As(app.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken})); got != "AccessDenied" {
			t.Errorf("a session from afterwards: %q", got)
		}
	}
	p.giveBack(person, res.Incident)
	for name, c := range sessions {
		if got := look(c); got != "" {
			t.Errorf("%s, given back: %s", name, got)
		}
	}
}
