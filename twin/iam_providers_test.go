package twin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
)

// metadata is a SAML metadata document of at least the length that IAM asks
// for.
func metadata(issuer string) string {
	return fmt.Sprintf(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID=%q validUntil="2036-01-01T00:00:00Z"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>`,
		issuer, strings.Repeat("MIIB", 250))
}

func TestOIDCProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	create := func(url string, thumbprints ...string) (*iam.CreateOpenIDConnectProviderOutput, error) {
		return a.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &url, ClientIDList: []string{"one"}, ThumbprintList: thumbprints})
	}
	for _, bad := range []string{"http://idp.example.com", "https://", "idp.example.com", "https://idp.example.com:8443", "https://idp.example.com/?x=1"} {
		_, err := create(bad)
		wants(t, err, "ValidationError", "Invalid Open ID Connect Provider URL")
	}
	_, err := create("https://idp.example.com", "abc")
	wants(t, err, "ValidationError", "thumbprintList")
	thumb := strings.Repeat("0f", 20)
	made, err := create("https://idp.example.com/realm/x", thumb)
	w.must(err)
	arn := made.OpenIDConnectProviderArn
	if *arn != w.arn("oidc-provider", "/idp.example.com/realm/x") {
		t.Errorf("ARN %s", *arn)
	}
	_, err = create("https://idp.example.com/realm/x")
	wants(t, err, "EntityAlreadyExists", "Provider with url https://idp.example.com/realm/x already exists.")

	for range 2 { // adding twice is adding once
		_, err = a.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("two")})
		w.must(err)
		_, err = a.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("one")})
		w.must(err)
	}
	_, err = a.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("aa", 20)}})
	w.must(err)
	got, err := a.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	w.must(err)
	if d := cmp.Diff([]any{"idp.example.com/realm/x", []string{"two"}, []string{strings.Repeat("aa", 20)}}, []any{*got.Url, got.ClientIDList, got.ThumbprintList}); d != "" {
		t.Error(d)
	}
	list, err := a.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	w.must(err)
	// The one that a role of the sample trusts is there from the start.
	if len(list.OpenIDConnectProviderList) != 2 {
		t.Errorf("providers %+v", list.OpenIDConnectProviderList)
	}
	for range 2 {
		_, err = a.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
		w.must(err)
	}
	_, err = a.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	wants(t, err, "NoSuchEntity", "OpenIDConnect Provider not found for arn "+*arn)

	id, secret := w.newUser("weak", "")
	_, err = w.iamWith(id, secret, "").CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://evil.example")})
	wants(t, err, "AccessDenied", "iam:CreateOpenIDConnectProvider on resource: "+w.arn("oidc-provider", "/evil.example"))
}

func TestSAMLProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("Corp")
	create := func(document string) (*iam.CreateSAMLProviderOutput, error) {
		return a.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: name, SAMLMetadataDocument: &document})
	}
	_, err := create("<short/>")
	wants(t, err, "ValidationError", "sAMLMetadataDocument")
	_, err = create(strings.Repeat("nonsense ", 200))
	wants(t, err, "InvalidInput", "Could not parse metadata")
	_, err = create(strings.ReplaceAll(metadata("x"), "X509Certificate", "Other"))
	wants(t, err, "InvalidInput", "certificate")
	made, err := create(metadata("https://idp.example.com"))
	w.must(err)
	arn := made.SAMLProviderArn
	if *arn != w.arn("saml-provider", "/Corp") {
		t.Errorf("ARN %s", *arn)
	}
	_, err = create(metadata("https://idp.example.com"))
	wants(t, err, "EntityAlreadyExists", "")
	newer := metadata("https://evil.example")
	_, err = a.UpdateSAMLProvider(ctx, &iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, SAMLMetadataDocument: &newer})
	w.must(err)
	got, err := a.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: arn})
	w.must(err)
	if *got.SAMLMetadataDocument != newer || got.ValidUntil.Year() != 2036 {
		t.Errorf("metadata until %s: %s", got.ValidUntil, *got.SAMLMetadataDocument)
	}
	list, err := a.ListSAMLProviders(ctx, &iam.ListSAMLProvidersInput{})
	w.must(err)
	if len(list.SAMLProviderList) != 2 { // and that of Identity Center
		t.Errorf("providers %+v", list.SAMLProviderList)
	}
	_, err = a.DeleteSAMLProvider(ctx, &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})
	w.must(err)
	_, err = a.DeleteSAMLProvider(ctx, &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})
	wants(t, err, "NoSuchEntity", "SAML Provider not found")
	summary, err := a.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	w.must(err)
	if summary.SummaryMap["Providers"] != 2 {
		t.Errorf("the account summary counts %d providers", summary.SummaryMap["Providers"])
	}
}
