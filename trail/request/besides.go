package request

import (
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
	"warden/trail"
)

// besides are the permissions that a call needs besides its own action. The
// catalogue has no dependent actions at present; what is here stands on the
// pages that are named.
func (r *reading) besides(a *catalog.Action) []Request {
	var out []Request
	switch a.Service.Prefix {
	case "s3":
		out = r.besidesS3()
	case "sts":
		out = r.besidesSTS()
	case "kms":
		return r.besidesKMS()
	case "ec2":
		out = r.besidesEC2(a)
	}
	out = append(out, r.tagged(a)...)
	return append(out, r.passed(a)...)
}

// besidesS3: Amazon S3 API Reference, CopyObject (the source is read),
// PutObject ("Permissions": ACLs, tags, retention and legal holds), CreateBucket;
// Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys".
func (r *reading) besidesS3() []Request {
	var out []Request
	switch r.e.Name {
	case "CopyObject", "UploadPartCopy":
		source, version := r.copySource()
		action := "s3:GetObject"
		if version {
			action = "s3:GetObjectVersion"
		}
		out = append(out, Request{Action: action, Resource: source, Missing: "the object that was copied"})
		fallthrough
	case "PutObject", "CreateMultipartUpload", "PostObject":
		object := r.needs(catalog.Lookup("s3:PutObject"))
		for _, x := range []struct{ begin, action string }{
			{"x-amz-acl", "PutObjectAcl"}, {"x-amz-grant-", "PutObjectAcl"}, {"x-amz-tagging", "PutObjectTagging"},
			{"x-amz-object-lock-mode", "PutObjectRetention"}, {"x-amz-object-lock-legal-hold", "PutObjectLegalHold"},
		} {
			if r.header(x.begin) == "" || slices.ContainsFunc(out, func(q Request) bool { return q.Action == "s3:"+x.action }) {
				continue
			}
			for _, q := range object {
				q.Action, q.Assumed = "s3:"+x.action, true
				out = append(out, q)
			}
		}
	case "CreateBucket":
		bucket := r.needs(catalog.Lookup("s3:CreateBucket"))
		for _, x := range []struct{ begin, action string }{{"x-amz-acl", "PutBucketAcl"}, {"x-amz-grant-", "PutBucketAcl"}, {"x-amz-object-ownership", "PutBucketOwnershipControls"}, {"x-amz-bucket-object-lock", "PutBucketObjectLockConfiguration"}} {
			if v := r.header(x.begin); v == "" || v == "private" {
				continue
			}
			for _, q := range bucket {
				q.Action, q.Assumed = "s3:"+x.action, true
				out = append(out, q)
			}
		}
	}
	if r.header("x-amz-bypass-governance-retention") == "true" {
		for _, q := range r.needs(catalog.Lookup("s3:BypassGovernanceRetention")) {
			q.Assumed = true
			out = append(out, q)
		}
	}
	return append(out, r.encrypted()...)
}

// encrypted are the permissions on the key of an object under SSE-KMS.
func (r *reading) encrypted() []Request {
	action := ""
	switch r.e.Name {
	case "GetObject", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "SelectObjectContent":
		action = "kms:Decrypt"
	case "PutObject", "CopyObject", "PostObject", "CreateMultipartUpload":
		action = "kms:GenerateDataKey"
	}
	key := r.header("x-amz-server-side-encryption-aws-kms-key-id")
	how := r.e.AdditionalString("SSEApplied")
	if action == "" || key == "" && !strings.HasSuffix(how, "SSE_KMS") {
		return nil
	}
	q := Request{Action: action, Missing: "the key of the object", Assumed: true,
		Context: policy.Context{"kms:viaservice": policy.One("s3." + r.e.Region + ".amazonaws.com"), "aws:viaawsservice": policy.One("true"), "aws:calledvia": policy.Many("s3.amazonaws.com")}}
	if strings.HasPrefix(key, "arn:") && strings.Contains(key, ":key/") {
		q.Resource = key
	} else {
		q.Pattern = "arn:" + r.partition() + ":kms:" + or(r.e.Region, "${Region}") + ":${Account}:key/${KeyId}"
	}
	return []Request{q}
}

// header is the first parameter that begins so, in the request or the answer.
func (r *reading) header(begin string) string {
	for _, m := range []map[string]any{r.request, r.response} {
		for _, key := range sorted(m) {
			if v, ok := m[key].(string); ok && strings.HasPrefix(strings.ToLower(key), begin) {
				return v
			}
		}
	}
	return ""
}

// besidesSTS: IAM User Guide, "Pass session tags in AWS STS" (sts:TagSession)
// and "Monitor and control actions taken with assumed roles"
// (sts:SetSourceIdentity).
func (r *reading) besidesSTS() []Request {
	if !strings.HasPrefix(r.e.Name, "AssumeRole") {
		return nil
	}
	var out []Request
	add := func(action string) {
		for _, q := range r.needs(catalog.Lookup("sts:AssumeRole")) {
			q.Action = action
			out = append(out, q)
		}
	}
	if r.filled("tags") || r.filled("principalTags") {
		add("sts:TagSession")
	}
	if r.text("sourceIdentity") != "" {
		add("sts:SetSourceIdentity")
	}
	return out
}

// besidesKMS: AWS KMS Developer Guide, "AWS KMS permissions": ReEncrypt needs a
// permission on either key.
func (r *reading) besidesKMS() []Request {
	if r.e.Name != "ReEncrypt" {
		return nil
	}
	q := Request{Action: "kms:ReEncryptTo", Missing: "the key that it is encrypted under now"}
	if to := r.text("destinationKeyId"); strings.HasPrefix(to, "arn:") && strings.Contains(to, ":key/") {
		q.Resource = to
	} else if to != "" && !strings.Contains(to, "alias/") {
		q.Resource = "arn:" + r.partition() + ":kms:" + r.e.Region + ":" + r.e.RecipientAccount + ":key/" + to
	}
	return []Request{q}
}

// besidesEC2: Amazon EC2 User Guide, "Grant permission to tag Amazon EC2
// resources during creation".
func (r *reading) besidesEC2(a *catalog.Action) []Request {
	if a.Name == "CreateTags" || a.Level == catalog.Read || a.Level == catalog.List || !r.filled("tagSpecificationSet") && !r.filled("tagSpecifications") {
		return nil
	}
	return []Request{{Action: "ec2:CreateTags", Missing: "the resource that is made", Pattern: "arn:" + r.partition() + ":ec2:" + or(r.e.Region, "${Region}") + ":" + or(r.e.RecipientAccount, "${Account}") + ":${Resource}",
		Context: policy.Context{"ec2:createaction": policy.One(a.Name)}}}
}

// tagged is the permission to tag what is made with tags. IAM User Guide,
// "Tags for AWS Identity and Access Management resources"; the service's own
// guide for others. Whether a service asks for it is not the same everywhere, so
// that it is assumed.
func (r *reading) tagged(a *catalog.Action) []Request {
	if a.Service.Prefix == "ec2" || !strings.HasPrefix(a.Name, "Create") && !strings.HasPrefix(a.Name, "Run") && !strings.HasPrefix(a.Name, "Register") || !r.filled("tags") && !r.filled("tagList") && !r.filled("tagging") {
		return nil
	}
	kind := strings.TrimPrefix(a.Name, "Create")
	for _, name := range []string{"Tag" + kind, "TagResource", "AddTagsToResource", "AddTags"} {
		tag := a.Service.Action(name)
		if tag == nil || tag == a {
			continue
		}
		list := r.needs(a)
		for i := range list {
			list[i].Action, list[i].Assumed = tag.String(), true
			if len(a.Resources) == 0 {
				list[i].Resource, list[i].Missing = "", "the resource that is made"
			}
		}
		return list
	}
	return nil
}

// filled tells whether a parameter of the request is there and not empty.
func (r *reading) filled(name string) bool {
	for key, v := range r.request {
		if !strings.EqualFold(key, name) {
			continue
		}
		switch v := v.(type) {
		case string:
			return v != ""
		case []any:
			return len(v) > 0
		case map[string]any:
			if items, ok := v["items"].([]any); ok {
				return len(items) > 0
			}
			return len(v) > 0
		}
	}
	return false
}

// passedTo is the service that gets a passed role, where it is the one that is
// called. IAM User Guide, "IAM and AWS STS condition context keys",
// iam:PassedToService.
func passedTo(e *trail.Event) policy.Context {
	service := e.Source
	switch service {
	case "lambda.amazonaws.com", "states.amazonaws.com", "glue.amazonaws.com", "codebuild.amazonaws.com", "cloudformation.amazonaws.com",
		"sagemaker.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com", "codepipeline.amazonaws.com":
	case "ecs.amazonaws.com":
		service = "ecs-tasks.amazonaws.com"
		if strings.Contains(e.Name, "Service") {
			return nil // the service's own role goes to ecs.amazonaws.com
		}
	default:
		return nil
	}
	return policy.Context{"iam:passedtoservice": policy.One(service)}
}

// passed are the roles that the call hands to services, for which the caller
// needs iam:PassRole too. Reference pages name that as a dependent action for
// some calls only; a role's ARN in a parameter for roles of a call that writes
// says it for all. IAM User Guide, "Granting a user permissions to pass a role
// to an AWS service".
func (r *reading) passed(a *catalog.Action) []Request {
	if a.Service.Prefix == "sts" || a.Level == catalog.Read || a.Level == catalog.List {
		return nil
	}
	pass := func(q Request) Request {
		q.Action, q.Assumed, q.Context = "iam:PassRole", true, passedTo(r.e)
		return q
	}
	if a.Service.Prefix == "iam" {
		name := r.text("roleName")
		if a.Name != "AddRoleToInstanceProfile" || name == "" {
			return nil
		}
		q := Request{Missing: "the path of the role", Context: policy.Context{}}
		if arns, pattern := r.pathed("role", "arn:"+r.partition()+":iam::"+r.e.RecipientAccount+":role/", []string{name}); len(arns) > 0 {
			q.Resource = arns[0]
		} else {
			q.Pattern = pattern
		}
		return []Request{pass(q)}
	}
	var out []Request
	walk(r.request, 0, func(_ int, key, v string) {
		if strings.Contains(strings.ToLower(key), "role") && isRole(v) && !slices.ContainsFunc(out, func(q Request) bool { return q.Resource == v }) && len(out) < maxARNs {
			out = append(out, pass(Request{Resource: v}))
		}
	})
	if a.Service.Prefix == "ec2" && (r.filled("iamInstanceProfile") || r.filled("iamInstanceProfileSpecification")) {
		out = append(out, pass(Request{Missing: "the role of the instance profile", Pattern: "arn:" + r.partition() + ":iam::" + or(r.e.RecipientAccount, "${Account}") + ":role/${Role}"}))
	}
	return out
}

// isRole tells whether a text is the ARN of a role that can be passed.
func isRole(arn string) bool {
	f := strings.SplitN(arn, ":", 6)
	return len(f) == 6 && f[0] == "arn" && f[2] == "iam" && strings.HasPrefix(f[5], "role/") && !strings.ContainsAny(arn, " \n")
}

// partition is that of the caller.
func (r *reading) partition() string {
	if parts := strings.SplitN(r.e.Identity.ARN, ":", 3); len(parts) == 3 && parts[0] == "arn" && parts[1] != "" {
		return parts[1]
	}
	return "aws"
}
