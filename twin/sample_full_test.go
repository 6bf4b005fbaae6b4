package twin

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// A user who is full takes nothing more, and may do what he might before.
func TestFill(t *testing.T) {
	t.Parallel()
	snap, truth := Sample(3, testNow)
	if err := Fill(snap, truth.Intruder, ManagedPlaces, InlinePlaces, BoundaryPlace); err != nil {
		t.Fatal(err)
	}
	if err := Fill(snap, truth.Intruder, ManagedPlaces, InlinePlaces, BoundaryPlace); err != nil {
		t.Fatal(err)
	}
	w := worldOf(t, Faults{}, snap, truth)
	a, name := w.iam(truth.Administrator), &truth.Intruder
	_, err := a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AWSDenyAll")})
	wants(t, err, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10")
	_, err = a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("deny"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)})
	wants(t, err, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user "+truth.Intruder)
	got, err := w.iam(truth.Intruder).GetUser(ctx, &iam.GetUserInput{})
	w.must(err)
	if got.User.PermissionsBoundary == nil {
		t.Error("the place of the boundary is free")
	}
	for _, bad := range []error{Fill(snap, "nobody"), Fill(snap, truth.Intruder, "pocket")} {
		if bad == nil {
			t.Error("nonsense was accepted")
		}
	}
}

func ExampleFill() {
	company, truth := Sample(1, testNow)
	err := Fill(company, truth.Intruder, ManagedPlaces, BoundaryPlace)
	for _, u := range company.Users {
		if u.Name == truth.Intruder {
			fmt.Println(len(u.Attached), "policies attached, boundary", u.Boundary, err)
		}
	}
	// Output:
	// 10 policies attached, boundary arn:aws:iam::123456789012:policy/filler/ci-deploy-filler-boundary <nil>
}
