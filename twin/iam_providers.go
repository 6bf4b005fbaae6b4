package twin

import (
	"bytes"
	"encoding/xml"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/policy"
)

// identityProvider is an OIDC or SAML provider that the account trusts; which
// of the two says its ARN.
type identityProvider struct {
	arn     string
	created time.Time
	tags    map[string]string

	// OIDC.
	clients, thumbprints []string
	// SAML.
	metadata, issuer, uuid string
	validUntil             time.Time
}

func providerOperations() map[string]operation {
	const oidc, saml = "OpenIDConnectProviderArn", "SAMLProviderArn"
	return map[string]operation{
		"CreateOpenIDConnectProvider":             act(onNewOIDC, createOIDC, "Url"),
		"GetOpenIDConnectProvider":                act(onProvider(oidc), getOIDC, oidc),
		"ListOpenIDConnectProviders":              act(onAll, listOIDC),
		"DeleteOpenIDConnectProvider":             act(onProvider(oidc), deleteOIDC, oidc),
		"AddClientIDToOpenIDConnectProvider":      act(onProvider(oidc), addClientID, oidc, "ClientID"),
		"RemoveClientIDFromOpenIDConnectProvider": act(onProvider(oidc), removeClientID, oidc, "ClientID"),
		"UpdateOpenIDConnectProviderThumbprint":   act(onProvider(oidc), updateThumbprints, oidc, "ThumbprintList"),
		"CreateSAMLProvider":                      act(onNewSAML, createSAML, "Name", "SAMLMetadataDocument"),
		"GetSAMLProvider":                         act(onProvider(saml), getSAML, saml),
		"ListSAMLProviders":                       act(onAll, listSAML),
		"UpdateSAMLProvider":                      act(onProvider(saml), updateSAML, saml),
		"DeleteSAMLProvider":                      act(onProvider(saml), deleteSAML, saml),
	}
}

// oidcARN is the ARN of the provider at a URL: all but the scheme.
func (s *state) oidcARN(address string) string {
	return s.arn("oidc-provider", "/", strings.TrimPrefix(address, "https://"))
}

func onNewOIDC(c *call, v reflect.Value) (entity, error) {
	return entity{arn: c.state.oidcARN(param(v, "Url"))}, nil
}

func onNewSAML(c *call, v reflect.Value) (entity, error) {
	return entity{arn: c.state.arn("saml-provider", "/", param(v, "Name"))}, nil
}

// onProvider is the provider that a parameter names by ARN.
func onProvider(parameter string) target {
	return func(c *call, v reflect.Value) (entity, error) {
		arn := param(v, parameter)
		if p := c.state.belongings.providers.get(arn); p != nil {
			return entity{arn: p.arn, tags: p.tags}, nil
		}
		if _, err := account.ParseARN(arn); err != nil {
			return entity{}, refuse(400, "ValidationError", "ARN %s is not valid.", arn)
		}
		return entity{arn: arn}, nil
	}
}

func isOIDC(arn string) bool { return strings.Contains(arn, ":oidc-provider/") }

// provider finds a provider of one kind.
func (c *call) provider(arn *string, oidc bool) (*identityProvider, error) {
	if p := c.state.belongings.providers.get(text(arn)); p != nil && isOIDC(p.arn) == oidc {
		return p, nil
	}
	kind := "SAML"
	if oidc {
		kind = "OpenIDConnect"
	}
	return nil, fail(404, "NoSuchEntity", "%s Provider not found for arn %s", kind, text(arn))
}

// providersOf lists the providers of one kind by ARN.
func (b *belongings) providersOf(oidc bool) []*identityProvider {
	return slices.DeleteFunc(b.providers.all(), func(p *identityProvider) bool { return isOIDC(p.arn) != oidc })
}

// adopt puts the providers that the trust policies of a snapshot name: a
// snapshot does not list providers, and roles that trust them would be out of
// reach. They take the client "sts.amazonaws.com", the audience of GitHub and
// of EKS, and no metadata.
func (s *state) adopt(trust *policy.Document) {
	for _, st := range trust.Statements {
		for _, p := range st.Principals {
			a, err := account.ParseARN(p.Value)
			if p.Type != "Federated" || err != nil || a.Service != "iam" || a.Account != s.account {
				continue
			}
			if s.belongings.providers.get(p.Value) == nil {
				s.belongings.providers.put(p.Value, &identityProvider{
					arn: p.Value, created: s.collectedAt, clients: []string{"sts.amazonaws.com"}, issuer: "https://" + a.Name() + ".example.com/saml",
				})
			}
		}
	}
}

var thumbprint = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

func checkThumbprints(list []string) error {
	if len(list) > 5 {
		return fail(400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
	}
	for _, t := range list {
		if !thumbprint.MatchString(t) {
			return refuse(400, "ValidationError", "Value '%s' at 'thumbprintList' failed to satisfy constraint: Member must have length equal to 40", t)
		}
	}
	return nil
}

// createOIDC: AWS reads the server's certificate where no thumbprint is
// given; the twin asks nobody and leaves the list empty.
func createOIDC(c *call, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	b, address := c.state.belongings, text(in.Url)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Port() != "" {
		return nil, refuse(400, "ValidationError", "Invalid Open ID Connect Provider URL")
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	arn := c.state.oidcARN(address)
	if b.providers.get(arn) != nil {
		return nil, fail(409, "EntityAlreadyExists", "Provider with url %s already exists.", address)
	}
	if limit := c.state.quotas.oidcProviders; len(b.providersOf(true)) >= limit {
		return nil, exceeded("OpenIdConnectProvidersPerAccount", limit)
	}
	if limit := c.state.quotas.clientIDs; len(in.ClientIDList) > limit {
		return nil, exceeded("ClientIdsPerOpenIdConnectProvider", limit)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := &identityProvider{arn: arn, created: *when(c.now), tags: tags, clients: slices.Clone(in.ClientIDList), thumbprints: slices.Clone(in.ThumbprintList)}
	b.providers.put(arn, p)
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: ptr(arn), Tags: sortedTags(tags)}, nil
}

// host is the provider as condition keys name it: "HOST/PATH:sub".
func (p *identityProvider) host() string {
	_, host, _ := strings.Cut(p.arn, ":oidc-provider/")
	return host
}

func getOIDC(c *call, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	p, err := c.provider(in.OpenIDConnectProviderArn, true)
	if err != nil {
		return nil, err
	}
	return &iam.GetOpenIDConnectProviderOutput{
		Url: ptr(p.host()), ClientIDList: append([]string{}, p.clients...), ThumbprintList: append([]string{}, p.thumbprints...),
		CreateDate: when(p.created), Tags: sortedTags(p.tags),
	}, nil
}

func listOIDC(c *call, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	out := &iam.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []types.OpenIDConnectProviderListEntry{}}
	for _, p := range c.state.belongings.providersOf(true) {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, types.OpenIDConnectProviderListEntry{Arn: ptr(p.arn)})
	}
	return out, nil
}

// deleteOIDC: "This operation is idempotent; it does not fail or return an
// error if you call the operation for a provider that does not exist" (IAM API
// Reference, DeleteOpenIDConnectProvider). Roles that trust it are left.
func deleteOIDC(c *call, in *iam.DeleteOpenIDConnectProviderInput) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	if p, err := c.provider(in.OpenIDConnectProviderArn, true); err == nil {
		c.state.belongings.providers.remove(p.arn)
	}
	return &iam.DeleteOpenIDConnectProviderOutput{}, nil
}

// addClientID: "does not fail or return an error if you add an existing client
// ID to the provider" (IAM API Reference, the operation's page).
func addClientID(c *call, in *iam.AddClientIDToOpenIDConnectProviderInput) (*iam.AddClientIDToOpenIDConnectProviderOutput, error) {
	p, err := c.provider(in.OpenIDConnectProviderArn, true)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.clients, text(in.ClientID)) {
		if limit := c.state.quotas.clientIDs; len(p.clients) >= limit {
			return nil, exceeded("ClientIdsPerOpenIdConnectProvider", limit)
		}
		p.clients = append(p.clients, text(in.ClientID))
	}
	return &iam.AddClientIDToOpenIDConnectProviderOutput{}, nil
}

// removeClientID does not mind an id that is not there, as AWS does not.
func removeClientID(c *call, in *iam.RemoveClientIDFromOpenIDConnectProviderInput) (*iam.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	p, err := c.provider(in.OpenIDConnectProviderArn, true)
	if err != nil {
		return nil, err
	}
	p.clients = slices.DeleteFunc(p.clients, func(id string) bool { return id == text(in.ClientID) })
	return &iam.RemoveClientIDFromOpenIDConnectProviderOutput{}, nil
}

func updateThumbprints(c *call, in *iam.UpdateOpenIDConnectProviderThumbprintInput) (*iam.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	p, err := c.provider(in.OpenIDConnectProviderArn, true)
	if err != nil {
		return nil, err
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	p.thumbprints = slices.Clone(in.ThumbprintList)
	return &iam.UpdateOpenIDConnectProviderThumbprintOutput{}, nil
}

// samlMetadata is what the twin reads of a provider's metadata (OASIS,
// "Metadata for the OASIS Security Assertion Markup Language V2.0").
type samlMetadata struct {
	XMLName      xml.Name `xml:"EntityDescriptor"`
	EntityID     string   `xml:"entityID,attr"`
	ValidUntil   string   `xml:"validUntil,attr"`
	Certificates []string `xml:"IDPSSODescriptor>KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
}

// readMetadata sets what the metadata say.
func (p *identityProvider) readMetadata(document string, now time.Time) error {
	var m samlMetadata
	if err := xml.NewDecoder(bytes.NewReader([]byte(document))).Decode(&m); err != nil || m.EntityID == "" {
		return fail(400, "InvalidInput", "Could not parse metadata")
	}
	if len(m.Certificates) == 0 {
		return fail(400, "InvalidInput", "Metadata has no signing certificate")
	}
	until, err := time.Parse(time.RFC3339, m.ValidUntil)
	if err != nil {
		until = now.AddDate(100, 0, 0) // AWS answers with a date far away
	}
	p.metadata, p.issuer, p.validUntil = document, m.EntityID, *when(until)
	return nil
}

func createSAML(c *call, in *iam.CreateSAMLProviderInput) (*iam.CreateSAMLProviderOutput, error) {
	b, arn := c.state.belongings, c.state.arn("saml-provider", "/", text(in.Name))
	if b.providers.get(arn) != nil {
		return nil, fail(409, "EntityAlreadyExists", "SAMLProvider with name %s already exists.", text(in.Name))
	}
	if limit := c.state.quotas.samlProviders; len(b.providersOf(false)) >= limit {
		return nil, exceeded("SAMLProvidersPerAccount", limit)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := &identityProvider{arn: arn, created: *when(c.now), tags: tags, uuid: c.t.random.uuid()}
	if err := p.readMetadata(text(in.SAMLMetadataDocument), c.now); err != nil {
		return nil, err
	}
	b.providers.put(arn, p)
	return &iam.CreateSAMLProviderOutput{SAMLProviderArn: ptr(arn), Tags: sortedTags(tags)}, nil
}

func getSAML(c *call, in *iam.GetSAMLProviderInput) (*iam.GetSAMLProviderOutput, error) {
	p, err := c.provider(in.SAMLProviderArn, false)
	if err != nil {
		return nil, err
	}
	out := &iam.GetSAMLProviderOutput{SAMLMetadataDocument: ptr(p.metadata), SAMLProviderUUID: optional(p.uuid), CreateDate: when(p.created), Tags: sortedTags(p.tags)}
	if !p.validUntil.IsZero() {
		out.ValidUntil = when(p.validUntil)
	}
	return out, nil
}

func listSAML(c *call, _ *iam.ListSAMLProvidersInput) (*iam.ListSAMLProvidersOutput, error) {
	out := &iam.ListSAMLProvidersOutput{SAMLProviderList: []types.SAMLProviderListEntry{}}
	for _, p := range c.state.belongings.providersOf(false) {
		e := types.SAMLProviderListEntry{Arn: ptr(p.arn), CreateDate: when(p.created)}
		if !p.validUntil.IsZero() {
			e.ValidUntil = when(p.validUntil)
		}
		out.SAMLProviderList = append(out.SAMLProviderList, e)
	}
	return out, nil
}

func updateSAML(c *call, in *iam.UpdateSAMLProviderInput) (*iam.UpdateSAMLProviderOutput, error) {
	p, err := c.provider(in.SAMLProviderArn, false)
	if err != nil {
		return nil, err
	}
	if in.SAMLMetadataDocument != nil {
		if err := p.readMetadata(*in.SAMLMetadataDocument, c.now); err != nil {
			return nil, err
		}
	}
	return &iam.UpdateSAMLProviderOutput{SAMLProviderArn: ptr(p.arn)}, nil
}

func deleteSAML(c *call, in *iam.DeleteSAMLProviderInput) (*iam.DeleteSAMLProviderOutput, error) {
	p, err := c.provider(in.SAMLProviderArn, false)
	if err != nil {
		return nil, err
	}
	c.state.belongings.providers.remove(p.arn)
	return &iam.DeleteSAMLProviderOutput{}, nil
}
