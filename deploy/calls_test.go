package deploy_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/account/collect"
	"warden/change/apply"
	"warden/deploy"
	"warden/policy"
)

// byPeople are the changes that the program can make and the roles of the
// stack may not: they grant something, or delete what cannot be made again.
// Approved or undone, they are carried out with a person's own credentials
// (warden approve --run, warden undo).
var byPeople = []string{
	"AddClientIDToOpenIDConnectProvider", "AddRoleToInstanceProfile", "AddUserToGroup", "AttachGroupPolicy", "CreateOpenIDConnectProvider",
	"CreateSAMLProvider", "DeletePolicy", "DeleteRolePermissionsBoundary", "DeleteUserPermissionsBoundary",
}

func methods[T any]() []string {
	var out []string
	for m := range reflect.TypeFor[T]().Methods() {
		out = append(out, m.Name)
	}
	return out
}

// Every call to IAM that the program can make is allowed to one of the two
// roles, with everything switched on, or is one that people make.
func TestEveryCallHasARole(t *testing.T) {
	t.Parallel()
	var docs []*policy.Document
	parameters := map[string]string{
		"UndoActions": "true", "CreateResponderRole": "true", "ContainSessions": "true", "AdminTag": "team=iam", "Level": "deny-all",
	}
	stack, err := deploy.Resolve("guard", here, parameters)
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"GuardRolePolicy", "ResponderRolePolicy"} {
		doc, err := policy.Parse(resource, []byte(document(t, stack, resource, "PolicyDocument")))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	calls := slices.Concat(methods[apply.IAM](), methods[collect.IdentityClient](), methods[collect.FormerClient](), methods[collect.DetailsClient]())
	slices.Sort(calls)
	var denied []string
	for _, call := range slices.Compact(calls) {
		if !slices.ContainsFunc(docs, func(d *policy.Document) bool { return onAnything(d, "iam:"+call) }) {
			denied = append(denied, call)
		}
	}
	if diff := cmp.Diff(byPeople, denied); diff != "" {
		t.Errorf("calls without a role (-listed +found):\n%s", diff)
	}
}

// onAnything reports whether a document allows an action on any target, with
// any policy.
func onAnything(d *policy.Document, action string) bool {
	for _, target := range targets {
		for _, attached := range attachments {
			if may(d, targets["guard role"], action, target, attached) {
				return true
			}
		}
	}
	return false
}
