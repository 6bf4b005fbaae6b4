package account_test

import (
	"testing"

	"warden/account"
)

func TestAdministratorAccess(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]bool{
		"arn:aws:iam::aws:policy/AdministratorAccess":              true,
		"arn:aws-us-gov:iam::aws:policy/AdministratorAccess":       true,
		"arn:aws:iam::111122223333:policy/AdministratorAccess":     false, // a customer's, whatever it says
		"arn:aws:iam::aws:policy/job-function/AdministratorAccess": false,
		"arn:aws:iam::aws:policy/AdministratorAccess-Amplify":      false,
		"arn:aws:iam::aws:policy/PowerUserAccess":                  false,
		"AdministratorAccess":                                      false,
		"":                                                         false,
	} {
		p := account.AdministratorAccess(arn)
		if (p != nil) != want {
			t.Errorf("AdministratorAccess(%q) = %v, want one: %v", arn, p, want)
		}
		if p != nil && (p.ARN != arn || p.Default() == nil) {
			t.Errorf("AdministratorAccess(%q) = %+v", arn, p)
		}
	}
}
