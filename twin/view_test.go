package twin

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestPropagation: IAM shows a change at once, authorization knows it at the
// latest after the delay.
func TestPropagation(t *testing.T) {
	t.Parallel()
	const longest = 10 * time.Second
	w := newWorld(t, Faults{Propagation: longest})
	// A user made now is nobody yet to whoever checks signatures.
	id, secret := w.newUser("worker", allowAll)
	me := w.iamWith(id, secret, "")
	_, err := me.GetUser(ctx, &iam.GetUserInput{})
	wants(t, err, "InvalidClientTokenId", "")
	w.pass(longest)
	_, err = me.GetUser(ctx, &iam.GetUserInput{})
	w.must(err)

	late := 0
	for range 20 {
		_, err = w.admin().DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("worker"), PolicyName: aws.String("own")})
		w.must(err)
		list, err := w.admin().ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: aws.String("worker")})
		w.must(err)
		if len(list.PolicyNames) != 0 {
			t.Fatal("IAM does not show the change")
		}
		if _, err = me.GetUser(ctx, &iam.GetUserInput{}); err == nil {
			late++
		}
		w.pass(longest)
		_, err = me.GetUser(ctx, &iam.GetUserInput{})
		wants(t, err, "AccessDenied", "because no identity-based policy allows")
		_, err = w.admin().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("worker"), PolicyName: aws.String("own"), PolicyDocument: aws.String(allowAll)})
		w.must(err)
		w.pass(longest)
		_, err = me.GetUser(ctx, &iam.GetUserInput{})
		w.must(err)
	}
	if late < 15 {
		t.Errorf("the old policy held on %d times of 20", late)
	}

	// A deleted key goes on for a while, and cannot do more than before.
	_, err = w.admin().DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("worker"), AccessKeyId: &id})
	w.must(err)
	_, err = w.stsWith(id, secret, "").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	w.pass(longest)
	_, err = w.stsWith(id, secret, "").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "InvalidClientTokenId", "")
}

// TestViewKeepsOrder: a later change never arrives before an earlier one.
func TestViewKeepsOrder(t *testing.T) {
	t.Parallel()
	now := testNow
	s := emptyState("123456789012", "aws")
	v := newView(s, 10*time.Second, 3, func() time.Time { return now })
	var seen []int
	for i := range 50 {
		s.changed(func(*state) { seen = append(seen, i) })
		now = now.Add(100 * time.Millisecond)
		v.at(now)
	}
	if len(seen) == 50 {
		t.Error("nothing was late")
	}
	now = now.Add(10 * time.Second)
	v.at(now)
	for i, n := range seen {
		if i != n {
			t.Fatalf("the changes came as %v", seen)
		}
	}
	if len(seen) != 50 || len(v.pending) != 0 {
		t.Errorf("%d changes came, %d wait", len(seen), len(v.pending))
	}
}
