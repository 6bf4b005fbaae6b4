package main

import (
	"errors"
	"strings"

	"warden/account"
	"warden/audit"
	"warden/report/deliver"
)

// auditConfig is what the environment variables of the function audit say.
type auditConfig struct {
	people
	// role is assumed to read the account; "" reads with the function's own.
	role, externalID string
	selection        audit.Selection
	exemptions       []audit.Exemption
	// exemptionsKey is that of a file of exemptions in the bucket; "" for none.
	exemptionsKey string
	// place is where reports are stored; its bucket is "" for nowhere.
	place deliver.Place
	// snapshot stores the evidence too.
	snapshot bool
	regions  []string
	perUser  bool
	// organization audits every account of the organisation, by the role
	// auditorName in each.
	organization bool
}

// auditorName is that of the role that the template audit makes.
const auditorName = "IAM-Auditor-role"

// readAuditConfig reads the environment; see readConfig.
func readAuditConfig(getenv func(string) string) (auditConfig, error) {
	r := reader{getenv: getenv}
	c := auditConfig{
		people:        r.people(),
		externalID:    getenv("AUDITOR_EXTERNAL_ID"),
		exemptionsKey: getenv("EXEMPTIONS_KEY"),
		snapshot:      r.bool("STORE_SNAPSHOT"),
		regions:       r.list("REGIONS"),
		perUser:       r.bool("PER_USER"),
		organization:  r.bool("ORGANIZATION"),
		place: deliver.Place{
			Bucket: getenv("REPORT_BUCKET"), Prefix: getenv("REPORT_PREFIX"), Key: getenv("REPORT_KMS_KEY"), Owner: getenv("REPORT_BUCKET_OWNER"),
			Region: getenv("AWS_REGION"),
		},
	}
	if c.regions == nil && getenv("AWS_REGION") != "" {
		c.regions = []string{getenv("AWS_REGION")}
	}
	if roles := r.arns("AUDITOR_ROLE_ARN"); len(roles) == 1 {
		c.role = roles[0]
	} else if len(roles) > 1 {
		r.wrong("AUDITOR_ROLE_ARN", "want one ARN")
	}
	var err error
	if c.selection, err = audit.ParseSelection(getenv("BENCHMARK"), nil); err != nil {
		r.wrong("BENCHMARK", "%v", err)
	}
	if text := getenv("EXEMPTIONS"); text != "" {
		if c.exemptions, err = audit.ReadExemptions(strings.NewReader(text)); err != nil {
			r.wrong("EXEMPTIONS", "%v", err)
		}
	}
	switch {
	case c.place.Bucket != "":
		if err := c.place.Check(); err != nil {
			r.wrong("REPORT_BUCKET", "%v (REPORT_PREFIX goes with it)", err)
		}
	case c.exemptionsKey != "" || c.snapshot:
		r.wrong("REPORT_BUCKET", "want a bucket for EXEMPTIONS_KEY and STORE_SNAPSHOT")
	case c.topic == "" && c.slack == nil && c.mail == nil:
		r.wrong("SNS_TOPIC_ARN", "want a topic or REPORT_BUCKET: the report would go nowhere")
	}
	if c.place.Owner != "" && !accountID.MatchString(c.place.Owner) {
		r.wrong("REPORT_BUCKET_OWNER", "%q is not an account id of 12 digits", c.place.Owner)
	}
	return c, errors.Join(r.errs...)
}

// auditedBy is the account that the auditor's role is of; otherwise that of
// the function.
func (c *auditConfig) auditedBy(own string) string {
	if a, err := account.ParseARN(c.role); err == nil {
		return a.Account
	}
	return own
}
