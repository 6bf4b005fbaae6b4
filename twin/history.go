package twin

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/policy"
)

// historyDays is how far back CloudTrail's event history goes. Source:
// CloudTrail User Guide, "Working with CloudTrail event history".
const historyDays = 90

// past is one record of the history, in the members and the order of the
// CloudTrail User Guide, "CloudTrail record contents for management, data, and
// network activity events".
type past struct {
	Version      string         `json:"eventVersion"`
	By           map[string]any `json:"userIdentity"`
	Time         string         `json:"eventTime"`
	Source       string         `json:"eventSource"`
	Name         string         `json:"eventName"`
	Region       string         `json:"awsRegion"`
	IP           string         `json:"sourceIPAddress"`
	Agent        string         `json:"userAgent"`
	ErrorCode    string         `json:"errorCode,omitempty"`
	ErrorMessage string         `json:"errorMessage,omitempty"`
	Parameters   map[string]any `json:"requestParameters"`
	Response     map[string]any `json:"responseElements"`
	Additional   map[string]any `json:"additionalEventData,omitempty"`
	Request      string         `json:"requestID,omitempty"`
	ID           string         `json:"eventID"`
	ReadOnly     bool           `json:"readOnly"`
	Type         string         `json:"eventType"`
	Management   bool           `json:"managementEvent"`
	Account      string         `json:"recipientAccountId"`
	Category     string         `json:"eventCategory"`
	at           time.Time
	user, key    string
}

// history makes the records that an account of this age would have in its
// event history: what made the users, keys and roles of the last 90 days, the
// last uses of which the snapshot tells and, more seldom the longer ago, some
// before them, and a few attempts that failed. Nothing in it contradicts the
// snapshot. The same snapshot at the same time has the same history.
func history(s *account.Snapshot, now time.Time) []*record {
	h := &historian{s: s, now: now.UTC().Truncate(time.Second)}
	for i := range s.Users {
		h.user(&s.Users[i])
	}
	for i := range s.Roles {
		h.role(&s.Roles[i])
	}
	slices.SortStableFunc(h.made, func(a, b *past) int { return a.at.Compare(b.at) })
	out := make([]*record, len(h.made))
	for i, p := range h.made {
		p.Time, p.ID = p.at.Format(time.RFC3339), h.id(fmt.Sprint("event ", i, p.Name, p.at))
		if p.Type == "AwsApiCall" {
			p.Request = h.id(fmt.Sprint("request ", i, p.Name, p.at))
		}
		text, err := json.Marshal(p)
		if err != nil {
			panic(err) // strings and maps of them only
		}
		out[i] = &record{id: p.ID, name: p.Name, source: p.Source, username: p.user, keyID: p.key, region: p.Region, at: p.at, readOnly: p.ReadOnly, json: text}
	}
	return out
}

type historian struct {
	s    *account.Snapshot
	now  time.Time
	made []*past
}

// id is a UUID that is the same in each run.
func (h *historian) id(of string) string {
	x := sha256.Sum256([]byte(h.s.Account + " " + of))
	x[6], x[8] = x[6]&0x0f|0x40, x[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", x[:4], x[4:6], x[6:8], x[8:10], x[10:16])
}

// seen tells whether the event history still has that time.
func (h *historian) seen(at time.Time) bool {
	return at.Before(h.now) && h.now.Sub(at) < historyDays*24*time.Hour
}

// add files a record, unless it is too old.
func (h *historian) add(at time.Time, p past) {
	p.at = at.UTC().Truncate(time.Second)
	if !h.seen(p.at) {
		return
	}
	p.Version, p.Account, p.Category, p.Management = "1.11", h.s.Account, "Management", true
	p.Region, p.Type, p.IP = cmp.Or(p.Region, "us-east-1"), cmp.Or(p.Type, "AwsApiCall"), cmp.Or(p.IP, h.address(p.user+p.Source))
	p.Agent = cmp.Or(p.Agent, "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython cfg/retry-mode#standard")
	h.made = append(h.made, &p)
}

// address is from the ranges that documentation may use (RFC 5737).
func (h *historian) address(of string) string {
	x := sha256.Sum256([]byte(of))
	return fmt.Sprintf("203.0.113.%d", 1+int(x[0])%250)
}

// by is the identity of a user; key "" stands for the console.
func (h *historian) by(u *account.User, key string, signedIn time.Time) map[string]any {
	id := map[string]any{"type": "IAMUser", "principalId": u.ID, "arn": u.ARN, "accountId": h.s.Account, "userName": u.Name}
	if key != "" {
		id["accessKeyId"] = key
		return id
	}
	id["accessKeyId"] = "ASIA" + h.s.Account + strings.ToUpper(h.id(u.ID)[:4])
	id["sessionContext"] = map[string]any{"attributes": map[string]any{
		"creationDate": signedIn.UTC().Format(time.RFC3339), "mfaAuthenticated": fmt.Sprint(hasDevice(u)),
	}}
	return id
}

func hasDevice(u *account.User) bool { return u.MFADevices != nil && len(u.MFADevices.Value) > 0 }

// administrator is who did what made somebody at that time: a member of the
// administrators' group who was there, has a password, and is not the one; nil
// for root, who made the first.
func (h *historian) administrator(at time.Time, not *account.User) *account.User {
	for i := range h.s.Users {
		u := &h.s.Users[i]
		if u.ID != not.ID && u.LoginProfile != nil && u.PasswordLastUsed != nil && u.CreateDate.Before(at) && u.PasswordLastUsed.After(at) && slices.Contains(u.Groups, "Administrators") {
			return u
		}
	}
	return nil
}

// iam is a call of IAM from the console by an administrator, or by root.
func (h *historian) iam(at time.Time, not *account.User, name string, parameters, response map[string]any) {
	p := past{Source: "iam.amazonaws.com", Name: name, Parameters: parameters, Response: response, Agent: "AWS Internal"}
	if u := h.administrator(at, not); u != nil {
		p.By, p.user = h.by(u, "", at.Add(-10*time.Minute)), u.Name
	} else {
		p.By = h.root(at.Add(-10 * time.Minute))
		p.user = "root"
	}
	h.add(at, p)
}

func (h *historian) root(signedIn time.Time) map[string]any {
	return map[string]any{"type": "Root", "principalId": h.s.Account, "arn": "arn:" + h.partition() + ":iam::" + h.s.Account + ":root", "accountId": h.s.Account,
		"sessionContext": map[string]any{"attributes": map[string]any{"creationDate": signedIn.UTC().Format(time.RFC3339), "mfaAuthenticated": "true"}}}
}

func (h *historian) partition() string { return cmp.Or(h.s.Partition, "aws") }

func (h *historian) user(u *account.User) {
	shape := map[string]any{"path": u.Path, "userName": u.Name, "userId": u.ID, "arn": u.ARN, "createDate": u.CreateDate.UTC().Format("Jan 2, 2006, 3:04:05 PM")}
	h.iam(u.CreateDate, u, "CreateUser", map[string]any{"userName": u.Name, "path": u.Path}, map[string]any{"user": shape})
	for i, g := range u.Groups {
		h.iam(u.CreateDate.Add(time.Duration(10+i)*time.Second), u, "AddUserToGroup", map[string]any{"userName": u.Name, "groupName": g}, nil)
	}
	for i, arn := range u.Attached {
		h.iam(u.CreateDate.Add(time.Duration(30+i)*time.Second), u, "AttachUserPolicy", map[string]any{"userName": u.Name, "policyArn": arn}, nil)
	}
	if l := u.LoginProfile; l != nil {
		h.iam(l.CreateDate, u, "CreateLoginProfile", map[string]any{"userName": u.Name, "passwordResetRequired": l.PasswordResetRequired},
			map[string]any{"loginProfile": map[string]any{"userName": u.Name, "createDate": l.CreateDate.UTC().Format("Jan 2, 2006, 3:04:05 PM"), "passwordResetRequired": l.PasswordResetRequired}})
	}
	for _, k := range u.AccessKeys {
		h.iam(k.CreateDate, u, "CreateAccessKey", map[string]any{"userName": u.Name}, map[string]any{"accessKey": map[string]any{
			"userName": u.Name, "accessKeyId": k.ID, "status": "Active", "createDate": k.CreateDate.UTC().Format("Jan 2, 2006, 3:04:05 PM")}})
		if k.LastUsed != nil {
			h.before(k.LastUsed.Date, k.CreateDate, func(at time.Time, _ int) { h.use(u, &k, at) })
		}
	}
	if u.LoginProfile != nil && u.PasswordLastUsed != nil {
		h.before(*u.PasswordLastUsed, u.LoginProfile.CreateDate, func(at time.Time, n int) { h.signIn(u, at, n) })
	}
}

// before calls use for the last time and for some before it, down to when
// there was nothing to use yet.
func (h *historian) before(last, first time.Time, use func(at time.Time, n int)) {
	at := last
	for n := 0; n < 12 && at.After(first) && h.seen(at); n++ {
		use(at, n)
		at = at.Add(-time.Duration(1+n)*24*time.Hour - time.Duration(n*37)*time.Minute)
	}
}

// signIn is a sign-in to the console, at times after a mistyped password.
func (h *historian) signIn(u *account.User, at time.Time, n int) {
	p := past{Source: "signin.amazonaws.com", Name: "ConsoleLogin", Type: "AwsConsoleSignIn", user: u.Name, Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
		By:         map[string]any{"type": "IAMUser", "principalId": u.ID, "arn": u.ARN, "accountId": h.s.Account, "userName": u.Name},
		Response:   map[string]any{"ConsoleLogin": "Success"},
		Additional: map[string]any{"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": map[bool]string{true: "Yes", false: "No"}[hasDevice(u)]}}
	h.add(at, p)
	if n == 3 {
		p.ErrorMessage, p.Response = "Failed authentication", map[string]any{"ConsoleLogin": "Failure"}
		h.add(at.Add(-20*time.Second), p)
	}
}

// calls are a management call of each service, by which a key was used.
var calls = map[string][2]string{
	"s3": {"s3.amazonaws.com", "ListBuckets"}, "iam": {"iam.amazonaws.com", "ListUsers"}, "ec2": {"ec2.amazonaws.com", "DescribeInstances"},
	"dynamodb": {"dynamodb.amazonaws.com", "ListTables"}, "athena": {"athena.amazonaws.com", "ListWorkGroups"}, "sqs": {"sqs.amazonaws.com", "ListQueues"},
	"cloudwatch": {"monitoring.amazonaws.com", "DescribeAlarms"}, "lambda": {"lambda.amazonaws.com", "ListFunctions20150331"},
}

func (h *historian) use(u *account.User, k *account.AccessKey, at time.Time) {
	call, ok := calls[k.LastUsed.Service]
	if !ok {
		call = [2]string{"sts.amazonaws.com", "GetCallerIdentity"}
	}
	region := k.LastUsed.Region
	if region == "N/A" || region == "aws-global" {
		region = ""
	}
	h.add(at, past{Source: call[0], Name: call[1], Region: region, By: h.by(u, k.ID, at), ReadOnly: true, user: u.Name, key: k.ID})
}

func (h *historian) role(r *account.Role) {
	if !strings.HasPrefix(r.Path, "/aws-service-role/") && !isReserved(r.Path) {
		h.iam(r.CreateDate, &account.User{}, "CreateRole", map[string]any{"roleName": r.Name, "path": r.Path, "assumeRolePolicyDocument": string(r.Trust)},
			map[string]any{"role": map[string]any{"path": r.Path, "roleName": r.Name, "roleId": r.ID, "arn": r.ARN, "createDate": r.CreateDate.UTC().Format("Jan 2, 2006, 3:04:05 PM")}})
		for i, arn := range r.Attached {
			h.iam(r.CreateDate.Add(time.Duration(5+i)*time.Second), &account.User{}, "AttachRolePolicy", map[string]any{"roleName": r.Name, "policyArn": arn}, nil)
		}
	}
	if r.LastUsed == nil {
		return
	}
	by, event, user := h.assumer(r)
	if by == nil {
		return
	}
	h.before(r.LastUsed.Date, r.CreateDate, func(at time.Time, n int) {
		session := fmt.Sprintf("session-%d", at.Unix())
		p := past{Source: "sts.amazonaws.com", Name: event, Region: r.LastUsed.Region, By: by, ReadOnly: true, user: user,
			Parameters: map[string]any{"roleArn": r.ARN, "roleSessionName": session},
			Response: map[string]any{"credentials": map[string]any{"accessKeyId": "ASIA" + h.s.Account + fmt.Sprintf("%04d", n), "expiration": at.Add(time.Hour).UTC().Format("Jan 2, 2006, 3:04:05 PM")},
				"assumedRoleUser": map[string]any{"assumedRoleId": r.ID + ":" + session, "arn": "arn:" + h.partition() + ":sts::" + h.s.Account + ":assumed-role/" + r.Name + "/" + session}}}
		if service, ok := by["invokedBy"].(string); ok {
			p.IP, p.Agent = service, service
		}
		h.add(at, p)
	})
}

// assumer is who the trust policy of a role lets in, and by which call: a
// service, a provider of identities, another account or a user. Nil where that
// is a role, or whoever the account allows to.
func (h *historian) assumer(r *account.Role) (by map[string]any, event, user string) {
	doc, err := policy.ParseStored(r.Name, r.Trust)
	if err != nil {
		return nil, "", ""
	}
	for i := range doc.Statements {
		if doc.Statements[i].Effect != "Allow" {
			continue
		}
		for _, p := range doc.Statements[i].Principals {
			arn := strings.Split(p.Value, ":")
			switch {
			case p.Type == "Service":
				return map[string]any{"type": "AWSService", "invokedBy": p.Value}, "AssumeRole", ""
			case p.Type == "Federated" && strings.Contains(p.Value, ":saml-provider/"):
				name := "someone@" + h.s.Alias + ".example"
				return map[string]any{"type": "SAMLUser", "principalId": h.id(p.Value)[:8] + ":" + name, "userName": name, "identityProvider": h.id(p.Value)[:8]}, "AssumeRoleWithSAML", name
			case p.Type == "Federated" && strings.Contains(p.Value, ":oidc-provider/"):
				_, issuer, _ := strings.Cut(p.Value, ":oidc-provider/")
				return map[string]any{"type": "WebIdentityUser", "principalId": p.Value + ":sts.amazonaws.com:job", "userName": "job", "identityProvider": issuer}, "AssumeRoleWithWebIdentity", "job"
			case p.Type == "AWS" && len(arn) == 6 && arn[4] != h.s.Account:
				return map[string]any{"type": "AWSAccount", "principalId": "AIDA" + arn[4] + "VNDR:scan", "accountId": arn[4]}, "AssumeRole", ""
			case p.Type == "AWS":
				for j := range h.s.Users {
					if u := &h.s.Users[j]; u.ARN == p.Value && len(u.AccessKeys) > 0 {
						return h.by(u, u.AccessKeys[0].ID, time.Time{}), "AssumeRole", u.Name
					}
				}
			}
		}
	}
	return nil, "", ""
}

// isReserved tells whether Identity Center made the role.
func isReserved(path string) bool { return strings.HasPrefix(path, "/aws-reserved/") }
