package twin

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/policy"
	"warden/policy/catalog"
)

// accessJob is a request for last accessed information: the first question
// after it finds it in progress.
type accessJob struct {
	created time.Time
	asked   bool
	entity  string // ARN
}

func lastAccessedOperations() map[string]operation {
	return map[string]operation{
		"GenerateServiceLastAccessedDetails": act(onArn, generateServiceLastAccessedDetails, "Arn"),
		"GetServiceLastAccessedDetails":      act(onAll, getServiceLastAccessedDetails, "JobId"),
		"ListServerCertificates":             act(onAll, listServerCertificates),
		"ListOrganizationsFeatures":          act(onAll, listOrganizationsFeatures),
	}
}

// onArn is the entity of the request.
func onArn(c *call, v reflect.Value) (entity, error) { return entity{arn: param(v, "Arn")}, nil }

// generateServiceLastAccessedDetails starts a job about a user or role. IAM
// API Reference, GenerateServiceLastAccessedDetails; groups and policies are
// not served.
func generateServiceLastAccessedDetails(c *call, in *iam.GenerateServiceLastAccessedDetailsInput) (*iam.GenerateServiceLastAccessedDetailsOutput, error) {
	if _, ok := c.state.ids[*in.Arn]; !ok {
		return nil, fail(http.StatusNotFound, "NoSuchEntity", "ARN %s does not exist.", *in.Arn)
	}
	id := c.t.random.uuid()
	c.state.belongings.jobs[id] = &accessJob{created: c.now, entity: *in.Arn}
	return &iam.GenerateServiceLastAccessedDetailsOutput{JobId: ptr(id)}, nil
}

// getServiceLastAccessedDetails lists the services that the identity's
// policies allow, with the last use by a key where the twin knows one. IAM
// User Guide, "Refine permissions using last accessed information".
func getServiceLastAccessedDetails(c *call, in *iam.GetServiceLastAccessedDetailsInput) (*iam.GetServiceLastAccessedDetailsOutput, error) {
	job := c.state.belongings.jobs[*in.JobId]
	if job == nil {
		return nil, fail(http.StatusNotFound, "NoSuchEntity", "Job %s does not exist.", *in.JobId)
	}
	out := &iam.GetServiceLastAccessedDetailsOutput{JobCreationDate: when(job.created), JobStatus: types.JobStatusTypeInProgress, ServicesLastAccessed: []types.ServiceLastAccessed{}}
	if !job.asked {
		job.asked = true
		return out, nil
	}
	out.JobStatus, out.JobCompletionDate = types.JobStatusTypeCompleted, when(c.now)
	part, next, more, err := page(c, c.state.servicesOf(job.entity), func(s types.ServiceLastAccessed) string { return *s.ServiceNamespace }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out.ServicesLastAccessed, out.Marker, out.IsTruncated = append(out.ServicesLastAccessed, part...), next, more
	return out, nil
}

// servicesOf lists what the policies of a user or role allow, by service.
// What a Deny takes away is not looked at.
func (s *state) servicesOf(arn string) []types.ServiceLastAccessed {
	docs, used := s.documentsAndUse(arn)
	out := []types.ServiceLastAccessed{}
	for _, service := range catalog.Services() {
		if !slices.ContainsFunc(docs, func(d *policy.Document) bool { return allowsSome(d, service.Prefix) }) {
			continue
		}
		x := types.ServiceLastAccessed{ServiceName: ptr(service.Name), ServiceNamespace: ptr(service.Prefix), TotalAuthenticatedEntities: ptr(int32(0))}
		if use, ok := used[service.Prefix]; ok {
			x.LastAuthenticated, x.LastAuthenticatedRegion = when(use.Date), ptr(use.Region)
			x.LastAuthenticatedEntity, x.TotalAuthenticatedEntities = ptr(arn), ptr(int32(1))
		}
		out = append(out, x)
	}
	return out
}

// documentsAndUse finds the policies of a user or role, and which services a
// user's keys were last used with.
func (s *state) documentsAndUse(arn string) ([]*policy.Document, map[string]account.KeyUse) {
	used := map[string]account.KeyUse{}
	if r := s.roles.get(nameOf(arn)); r != nil && r.ARN == arn {
		return append(s.documents(r.Attached), r.inline...), used
	}
	u := s.users.get(nameOf(arn))
	if u == nil || u.ARN != arn {
		return nil, used
	}
	for _, k := range u.AccessKeys {
		if use := s.lastUse(&k); use != nil && use.Date.After(used[use.Service].Date) {
			used[use.Service] = *use
		}
	}
	all := s.userPolicies(u)
	return append(all.Identity, all.Group...), used
}

// allowsSome reports whether a document allows some action of a service.
func allowsSome(d *policy.Document, prefix string) bool {
	return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool {
		return s.Effect == "Allow" && (len(s.NotActions) > 0 || slices.ContainsFunc(s.Actions, func(a string) bool {
			service, _, _ := strings.Cut(a, ":")
			return a == "*" || strings.EqualFold(service, prefix)
		}))
	})
}

// listServerCertificates: the twin keeps none.
func listServerCertificates(*call, *iam.ListServerCertificatesInput) (*iam.ListServerCertificatesOutput, error) {
	return &iam.ListServerCertificatesOutput{ServerCertificateMetadataList: []types.ServerCertificateMetadata{}}, nil
}

// SetRootFeatures says what the organization manages centrally about the root
// users of its members.
func (o *Organization) SetRootFeatures(features ...types.FeatureType) {
	o.accounts[0].mu.Lock()
	defer o.accounts[0].mu.Unlock()
	o.rootFeatures = features
}

// listOrganizationsFeatures is for the management account; the twin has no
// delegates of IAM. IAM API Reference, ListOrganizationsFeatures.
func listOrganizationsFeatures(c *call, _ *iam.ListOrganizationsFeaturesInput) (*iam.ListOrganizationsFeaturesOutput, error) {
	switch o := c.t.org; {
	case o == nil:
		return nil, fail(http.StatusBadRequest, "OrganizationNotFoundException", "The account %s is not in an organization.", c.t.account)
	case c.t.account != o.management:
		return nil, fail(http.StatusBadRequest, "AccountNotManagementOrDelegatedAdministratorException", "Account %s is neither the management account nor a delegated administrator.", c.t.account)
	default:
		return &iam.ListOrganizationsFeaturesOutput{OrganizationId: ptr(o.id), EnabledFeatures: append([]types.FeatureType{}, o.rootFeatures...)}, nil
	}
}
