package twin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"warden/twin/wire"
)

// WebIdentity is what an OpenID Connect provider says of somebody.
type WebIdentity struct {
	// Provider is the provider's URL, "https://token.actions.githubusercontent.com",
	// as IAM has it.
	Provider string
	// Subject and Audience are the claims sub and aud.
	Subject, Audience string
	// Lifetime is how long the token may be used; 0 means five minutes.
	Lifetime time.Duration
	// Tags are session tags, Transitive the keys of those that role chaining
	// passes on.
	Tags       map[string]string
	Transitive []string
	// SourceIdentity is the source identity of the session.
	SourceIdentity string
}

// idp is the identity provider of a twin's tests: it stands for every OIDC
// and SAML provider that the account knows, and signs with a key of this run.
type idp struct {
	once sync.Once
	key  *ecdsa.PrivateKey
}

func (p *idp) private() *ecdsa.PrivateKey {
	p.once.Do(func() {
		p.key, _ = ecdsa.GenerateKey(elliptic.P256(), crand.Reader) // fails only if crypto/rand does, which never does
	})
	return p.key
}

// sign is an ES256 signature: two numbers of 32 bytes (RFC 7518, section 3.4).
func (p *idp) sign(text string) ([]byte, error) {
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(crand.Reader, p.private(), digest[:])
	if err != nil {
		return nil, err
	}
	var out [64]byte
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out[:], nil
}

func (p *idp) verify(text string, signature []byte) bool {
	digest := sha256.Sum256([]byte(text))
	return len(signature) == 64 &&
		ecdsa.Verify(&p.private().PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// claims are those of a token that STS reads. IAM User Guide, "Pass session
// tags in AWS STS: Passing session tags using AssumeRoleWithWebIdentity".
type claims struct {
	Issuer         string     `json:"iss"`
	Subject        string     `json:"sub"`
	Audience       string     `json:"aud"`
	IssuedAt       int64      `json:"iat"`
	Expires        int64      `json:"exp"`
	Tags           *claimTags `json:"https://aws.amazon.com/tags,omitempty"`
	SourceIdentity string     `json:"https://aws.amazon.com/source_identity,omitempty"`
}

type claimTags struct {
	Principal  map[string][]string `json:"principal_tags"`
	Transitive []string            `json:"transitive_tag_keys,omitempty"`
}

// WebIdentityToken issues a token for AssumeRoleWithWebIdentity, as the
// provider would: a JSON web token with an ES256 signature. Only this twin
// takes it, and whatever it says: whether the provider is known and the role
// trusts the subject is decided when it is used.
func (t *Twin) WebIdentityToken(w WebIdentity) (string, error) {
	life := w.Lifetime
	if life == 0 {
		life = 5 * time.Minute
	}
	now := t.now()
	c := claims{
		Issuer: w.Provider, Subject: w.Subject, Audience: w.Audience, IssuedAt: now.Unix(), Expires: now.Add(life).Unix(), SourceIdentity: w.SourceIdentity,
	}
	if len(w.Tags) > 0 {
		c.Tags = &claimTags{Principal: map[string][]string{}, Transitive: w.Transitive}
		for k, v := range w.Tags {
			c.Tags.Principal[k] = []string{v}
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("twin: web identity token: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + encode(body)
	signature, err := t.idp.sign(token)
	if err != nil {
		return "", fmt.Errorf("twin: web identity token: %w", err)
	}
	return token + "." + encode(signature), nil
}

// webIdentity verifies a token. The words of the refusals are those that
// people have reported.
func webIdentity(c *call, in any) (*identityToken, error) {
	q := in.(*sts.AssumeRoleWithWebIdentityInput)
	if err := validate(c.operation, q, "RoleArn", "RoleSessionName", "WebIdentityToken"); err != nil {
		return nil, err
	}
	parts := strings.Split(text(q.WebIdentityToken), ".")
	if len(parts) != 3 {
		return nil, badToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var said claims
	if err != nil || json.Unmarshal(body, &said) != nil {
		return nil, badToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	provider := c.state.belongings.providers.get(c.state.oidcARN(said.Issuer))
	if provider == nil {
		return nil, badToken("No OpenIDConnect provider found in your account for %s", said.Issuer)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !c.t.idp.verify(parts[0]+"."+parts[1], signature) {
		return nil, badToken("Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
	}
	if expires := time.Unix(said.Expires, 0); !c.now.Before(expires) {
		return nil, fail(400, "ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", c.now.Unix(), said.Expires)
	}
	if !slices.Contains(provider.clients, said.Audience) {
		return nil, badToken("Incorrect token audience")
	}
	token := &identityToken{
		kind: "WebIdentityUser", provider: provider, principal: provider.arn + ":" + said.Audience + ":" + said.Subject, user: said.Subject, issuer: provider.arn,
		keys:           map[string]string{provider.host() + ":aud": said.Audience, provider.host() + ":sub": said.Subject},
		sourceIdentity: said.SourceIdentity,
	}
	token.lasting = slices.Sorted(maps.Keys(token.keys))
	if said.Tags != nil {
		for _, k := range slices.Sorted(maps.Keys(said.Tags.Principal)) {
			if v := said.Tags.Principal[k]; len(v) == 1 {
				token.tags = append(token.tags, types.Tag{Key: ptr(k), Value: ptr(v[0])})
			}
		}
		token.transitive = said.Tags.Transitive
	}
	return token, nil
}

func webIdentityRequest(in *sts.AssumeRoleWithWebIdentityInput) tokenRequest {
	return tokenRequest{role: text(in.RoleArn), name: text(in.RoleSessionName), seconds: in.DurationSeconds, policy: in.Policy, policyARNs: in.PolicyArns}
}

// webIdentityParameters is the request as CloudTrail shows it.
type webIdentityParameters struct {
	RoleArn, RoleSessionName *string
	SourceIdentity           *string
	DurationSeconds          *int32
	PrincipalTags            map[string]string
	TransitiveTagKeys        []string
	Policy, ProviderId       *string
	PolicyArns               []types.PolicyDescriptorType
}

func authorizeWebIdentity(c *call, in *sts.AssumeRoleWithWebIdentityInput) ([]demand, error) {
	t := c.principal.token
	c.parameters = wire.AppendRecord(nil, &webIdentityParameters{
		RoleArn: in.RoleArn, RoleSessionName: in.RoleSessionName, SourceIdentity: optional(t.sourceIdentity), DurationSeconds: in.DurationSeconds,
		PrincipalTags: t.tagged(), TransitiveTagKeys: t.transitive, Policy: in.Policy, ProviderId: in.ProviderId, PolicyArns: in.PolicyArns,
	}, "")
	return c.trusts(webIdentityRequest(in))
}

// assumeRoleWithWebIdentity exchanges a token of an OIDC provider for a role
// session. AWS STS API Reference, AssumeRoleWithWebIdentity.
func assumeRoleWithWebIdentity(c *call, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	x, user, packed, err := c.openSession(webIdentityRequest(in))
	if err != nil {
		return nil, err
	}
	t := c.principal.token
	c.additional = map[string]string{"identityProviderConnectionVerificationMethod": "IAMTrustStore"}
	out := &sts.AssumeRoleWithWebIdentityOutput{
		Credentials: x.credentials(), AssumedRoleUser: user, Provider: ptr(t.provider.arn), SubjectFromWebIdentityToken: ptr(t.user),
		Audience: ptr(t.keys[t.provider.host()+":aud"]), SourceIdentity: optional(t.sourceIdentity),
	}
	//lint:ignore SA1019 clients that are older than its successor read it
	out.PackedPolicySize = packed
	return out, nil
}
