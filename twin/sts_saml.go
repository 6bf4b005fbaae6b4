package twin

import (
	"crypto/sha1" // the name qualifier that AWS computes
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"warden/twin/wire"
)

// samlAudience is where SAML assertions for AWS go to.
const samlAudience = "https://signin.aws.amazon.com/saml"

// SAMLIdentity is what a SAML provider says of somebody.
type SAMLIdentity struct {
	// Provider is the ARN of the provider in IAM, Role that of the role that
	// the subject may choose.
	Provider, Role string
	// Subject is the NameID, SessionName the attribute RoleSessionName; ""
	// means the subject.
	Subject, SessionName string
	// Tags are session tags, Transitive the keys of those that role chaining
	// passes on.
	Tags       map[string]string
	Transitive []string
	// SourceIdentity is the source identity of the session.
	SourceIdentity string
}

// The attributes that AWS reads. IAM User Guide, "Configure SAML assertions for
// the authentication response".
const (
	samlRole       = "https://aws.amazon.com/SAML/Attributes/Role"
	samlName       = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
	samlSource     = "https://aws.amazon.com/SAML/Attributes/SourceIdentity"
	samlTag        = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:"
	samlTransitive = "https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys"
)

// assertion is the part of an assertion that STS reads.
type assertion struct {
	XMLName xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:assertion Assertion"`
	ID      string   `xml:"ID,attr"`
	Issued  string   `xml:"IssueInstant,attr"`
	Issuer  string   `xml:"Issuer"`
	NameID  struct {
		Format string `xml:"Format,attr"`
		Value  string `xml:",chardata"`
	} `xml:"Subject>NameID"`
	Recipient struct {
		URL string `xml:"Recipient,attr"`
	} `xml:"Subject>SubjectConfirmation>SubjectConfirmationData"`
	Attributes []samlAttribute `xml:"AttributeStatement>Attribute"`
}

type samlAttribute struct {
	Name   string   `xml:"Name,attr"`
	Values []string `xml:"AttributeValue"`
}

// response is what carries an assertion. The signature is one of the twin's
// own over the bytes of the assertion, not XML-DSig.
type response struct {
	XMLName   xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:protocol Response"`
	Signature string   `xml:"SignatureValue"`
	Assertion struct {
		Text string `xml:",cdata"`
	} `xml:"SignedAssertion"`
}

// SAMLAssertion issues an assertion for AssumeRoleWithSAML, as the provider
// would after its user has signed in: base 64 of a SAML response. Only this
// twin takes it, for five minutes.
func (t *Twin) SAMLAssertion(s SAMLIdentity) (string, error) {
	t.mu.Lock()
	provider := t.state.belongings.providers.get(s.Provider)
	t.mu.Unlock()
	if provider == nil || isOIDC(provider.arn) {
		return "", fmt.Errorf("twin: there is no SAML provider %q", s.Provider)
	}
	a := assertion{ID: "_" + strings.ReplaceAll(t.random.uuid(), "-", ""), Issued: t.now().UTC().Format(time.RFC3339), Issuer: provider.issuer}
	a.NameID.Format, a.NameID.Value = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient", s.Subject
	a.Recipient.URL = samlAudience
	name := s.SessionName
	if name == "" {
		name = s.Subject
	}
	add := func(attribute string, values ...string) {
		a.Attributes = append(a.Attributes, samlAttribute{attribute, values})
	}
	add(samlRole, s.Role+","+s.Provider)
	add(samlName, name)
	if s.SourceIdentity != "" {
		add(samlSource, s.SourceIdentity)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Tags)) {
		add(samlTag+k, s.Tags[k])
	}
	if len(s.Transitive) > 0 {
		add(samlTransitive, s.Transitive...)
	}
	body, err := xml.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("twin: SAML assertion: %w", err)
	}
	signature, err := t.idp.sign(string(body))
	if err != nil {
		return "", fmt.Errorf("twin: SAML assertion: %w", err)
	}
	r := response{Signature: base64.StdEncoding.EncodeToString(signature)}
	r.Assertion.Text = string(body)
	whole, err := xml.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("twin: SAML assertion: %w", err)
	}
	return base64.StdEncoding.EncodeToString(whole), nil
}

// samlIdentity verifies an assertion. The words of the refusals are those that
// people have reported.
func samlIdentity(c *call, in any) (*identityToken, error) {
	q := in.(*sts.AssumeRoleWithSAMLInput)
	if err := validate(c.operation, q, "RoleArn", "PrincipalArn", "SAMLAssertion"); err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(text(q.SAMLAssertion))
	var r response
	var a assertion
	if err != nil || xml.Unmarshal(raw, &r) != nil || xml.Unmarshal([]byte(r.Assertion.Text), &a) != nil {
		return nil, badToken("Invalid base64 SAMLResponse")
	}
	provider := c.state.belongings.providers.get(text(q.PrincipalArn))
	if provider == nil || isOIDC(provider.arn) {
		return nil, badToken("Specified provider doesn't exist")
	}
	if a.Issuer != provider.issuer {
		return nil, badToken("Issuer not present in specified provider")
	}
	signature, err := base64.StdEncoding.DecodeString(r.Signature)
	if err != nil || !c.t.idp.verify(r.Assertion.Text, signature) {
		return nil, badToken("Response signature invalid")
	}
	issued, err := time.Parse(time.RFC3339, a.Issued)
	if err != nil || c.now.Sub(issued) > 5*time.Minute {
		return nil, fail(400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
	}
	t := a.token(provider, c.state.account)
	if t.sessionName == "" {
		return nil, badToken("RoleSessionName is required in AuthnResponse")
	}
	if !slices.Contains(a.values(samlRole), text(q.RoleArn)+","+provider.arn) {
		return nil, tokenRefused(c.operation)
	}
	c.parameters = wire.AppendRecord(nil, &samlParameters{
		SAMLAssertionID: optional(a.ID), RoleSessionName: optional(t.sessionName), SourceIdentity: optional(t.sourceIdentity),
		PrincipalTags: t.tagged(), TransitiveTagKeys: t.transitive, RoleArn: q.RoleArn, PrincipalArn: q.PrincipalArn, DurationSeconds: q.DurationSeconds,
		Policy: q.Policy, PolicyArns: q.PolicyArns,
	}, "")
	return t, nil
}

func (a *assertion) values(name string) []string {
	for _, x := range a.Attributes {
		if x.Name == name {
			return x.Values
		}
	}
	return nil
}

func (a *assertion) value(name string) string {
	if v := a.values(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// token is what the assertion says. IAM User Guide, "IAM and AWS STS condition
// context keys: Available keys for SAML-based federation"; three of them are in
// the session's requests too.
func (a *assertion) token(p *identityProvider, accountID string) *identityToken {
	name := nameOf(p.arn)
	digest := sha1.Sum([]byte(a.Issuer + accountID + "/" + name)) // AWS STS API Reference, AssumeRoleWithSAML
	qualifier := base64.StdEncoding.EncodeToString(digest[:])
	kind := strings.TrimPrefix(a.NameID.Format, "urn:oasis:names:tc:SAML:2.0:nameid-format:")
	t := &identityToken{
		kind: "SAMLUser", provider: p, principal: qualifier + ":" + a.NameID.Value, user: a.NameID.Value, issuer: qualifier,
		keys: map[string]string{
			"saml:aud": a.Recipient.URL, "saml:iss": a.Issuer, "saml:sub": a.NameID.Value, "saml:sub_type": kind,
			"saml:namequalifier": qualifier, "saml:doc": accountID + "/" + name,
		},
		lasting:     []string{"saml:namequalifier", "saml:sub", "saml:sub_type"},
		sessionName: a.value(samlName), sourceIdentity: a.value(samlSource), transitive: a.values(samlTransitive),
	}
	for _, x := range a.Attributes {
		if key, ok := strings.CutPrefix(x.Name, samlTag); ok && len(x.Values) == 1 {
			t.tags = append(t.tags, types.Tag{Key: ptr(key), Value: ptr(x.Values[0])})
		}
	}
	return t
}

// samlParameters is the request as CloudTrail shows it.
type samlParameters struct {
	SAMLAssertionID, RoleSessionName *string
	SourceIdentity                   *string
	PrincipalTags                    map[string]string
	TransitiveTagKeys                []string
	RoleArn, PrincipalArn            *string
	DurationSeconds                  *int32
	Policy                           *string
	PolicyArns                       []types.PolicyDescriptorType
}

func samlRequest(c *call, in *sts.AssumeRoleWithSAMLInput) tokenRequest {
	return tokenRequest{role: text(in.RoleArn), name: c.principal.token.sessionName, seconds: in.DurationSeconds, policy: in.Policy, policyARNs: in.PolicyArns}
}

func authorizeSAML(c *call, in *sts.AssumeRoleWithSAMLInput) ([]demand, error) {
	return c.trusts(samlRequest(c, in))
}

// assumeRoleWithSAML exchanges an assertion for a role session. AWS STS API
// Reference, AssumeRoleWithSAML.
func assumeRoleWithSAML(c *call, in *sts.AssumeRoleWithSAMLInput) (*sts.AssumeRoleWithSAMLOutput, error) {
	x, user, packed, err := c.openSession(samlRequest(c, in))
	if err != nil {
		return nil, err
	}
	t := c.principal.token
	c.resources = append(c.resources, recordResource{account: c.state.account, kind: "AWS::IAM::SAMLProvider", arn: t.provider.arn})
	out := &sts.AssumeRoleWithSAMLOutput{
		Credentials: x.credentials(), AssumedRoleUser: user, Subject: ptr(t.user), SubjectType: ptr(t.keys["saml:sub_type"]),
		Issuer: ptr(t.keys["saml:iss"]), Audience: ptr(t.keys["saml:aud"]), NameQualifier: ptr(t.issuer), SourceIdentity: optional(t.sourceIdentity),
	}
	//lint:ignore SA1019 clients that are older than its successor read it
	out.PackedPolicySize = packed
	return out, nil
}
