package twin

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// constraint is what the service's model asks of a parameter.
type constraint struct {
	min, max int // characters of a text, items of a list, value of a number
	pattern  string
	enum     []string

	whole *regexp.Regexp
}

const (
	namePattern = `[\w+=,.@-]+`
	textPattern = `[\u0009\u000A\u000D\u0020-\u00FF]+`
)

// constraints are those of the members of IAM's and STS's requests, by member
// name; members of one name have one constraint wherever the twin meets them,
// but for the ones in pathIn. Source: the API models of IAM 2010-05-08 and
// STS 2011-06-15.
var constraints = compileConstraints(map[string]constraint{
	"UserName":                 {min: 1, max: 128, pattern: namePattern},
	"NewUserName":              {min: 1, max: 64, pattern: namePattern},
	"RoleName":                 {min: 1, max: 64, pattern: namePattern},
	"GroupName":                {min: 1, max: 128, pattern: namePattern},
	"NewGroupName":             {min: 1, max: 128, pattern: namePattern},
	"PolicyName":               {min: 1, max: 128, pattern: namePattern},
	"Path":                     {min: 1, max: 512, pattern: `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`},
	"NewPath":                  {min: 1, max: 512, pattern: `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`},
	"PathPrefix":               {min: 1, max: 512, pattern: `\u002F[\u0021-\u007F]*`},
	"PolicyArn":                {min: 20, max: 2048},
	"PermissionsBoundary":      {min: 20, max: 2048},
	"RoleArn":                  {min: 20, max: 2048},
	"PolicyDocument":           {min: 1, max: 131072, pattern: textPattern},
	"AssumeRolePolicyDocument": {min: 1, max: 131072, pattern: textPattern},
	"Policy":                   {min: 1, max: 131072, pattern: textPattern},
	"VersionId":                {pattern: `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`},
	"Description":              {max: 1000, pattern: `[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`},
	"AccessKeyId":              {min: 16, max: 128, pattern: `[\w]+`},
	"Status":                   {enum: []string{"Active", "Inactive"}},
	"Password":                 {min: 1, max: 128, pattern: textPattern},
	"OldPassword":              {min: 1, max: 128, pattern: textPattern},
	"NewPassword":              {min: 1, max: 128, pattern: textPattern},
	"AccountAlias":             {min: 3, max: 63, pattern: `[a-z0-9](-?[a-z0-9])*`},
	"Marker":                   {min: 1, max: 320, pattern: `[\u0020-\u00FF]+`},
	"MaxItems":                 {min: 1, max: 1000},
	"MaxSessionDuration":       {min: 3600, max: 43200},
	"Tags":                     {max: 50},
	"TagKeys":                  {max: 50},
	"Key":                      {min: 1, max: 128, pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`},
	"Value":                    {max: 256, pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`},
	"Scope":                    {enum: []string{"All", "AWS", "Local"}},
	"PolicyUsageFilter":        {enum: []string{"PermissionsPolicy", "PermissionsBoundary"}},
	"EntityFilter":             {enum: []string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}},
	"Filter":                   {enum: []string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}},

	"RoleSessionName":   {min: 2, max: 64, pattern: `[\w+=,.@-]*`},
	"SourceIdentity":    {min: 2, max: 64, pattern: `[\w+=,.@-]*`},
	"ExternalId":        {min: 2, max: 1224, pattern: `[\w+=,.@:\/-]*`},
	"SerialNumber":      {min: 9, max: 256, pattern: `[\w+=/:,.@-]*`},
	"TokenCode":         {min: 6, max: 6, pattern: `[\d]*`},
	"TransitiveTagKeys": {max: 50},
	"WebIdentityToken":  {min: 4, max: 20000},
	"ProviderId":        {min: 4, max: 2048},
	"PrincipalArn":      {min: 20, max: 2048},
	"SAMLAssertion":     {min: 4, max: 100000},

	"InstanceProfileName":         {min: 1, max: 128, pattern: namePattern},
	"VirtualMFADeviceName":        {min: 1, max: 226, pattern: namePattern},
	"AuthenticationCode1":         {min: 6, max: 6, pattern: `[\d]+`},
	"AuthenticationCode2":         {min: 6, max: 6, pattern: `[\d]+`},
	"AssignmentStatus":            {enum: []string{"Assigned", "Unassigned", "Any"}},
	"SSHPublicKeyId":              {min: 20, max: 128, pattern: `[\w]+`},
	"SSHPublicKeyBody":            {min: 1, max: 16384, pattern: textPattern},
	"Encoding":                    {enum: []string{"SSH", "PEM"}},
	"CertificateId":               {min: 24, max: 128, pattern: `[\w]+`},
	"CertificateBody":             {min: 1, max: 16384, pattern: textPattern},
	"ServiceSpecificCredentialId": {min: 20, max: 128, pattern: `[\w]+`},
	"CredentialAgeDays":           {min: 1, max: 36600},
	"MinimumPasswordLength":       {min: 6, max: 128},
	"MaxPasswordAge":              {min: 1, max: 1095},
	"PasswordReusePrevention":     {min: 1, max: 24},
	"OpenIDConnectProviderArn":    {min: 20, max: 2048},
	"Url":                         {min: 1, max: 255},
	"ClientID":                    {min: 1, max: 255},
	"SAMLProviderArn":             {min: 20, max: 2048},
	"SAMLMetadataDocument":        {min: 1000, max: 10000000},
})

// creating holds the constraints that differ where a thing gets its name.
var creating = compileConstraints(map[string]constraint{
	"UserName":       {min: 1, max: 64, pattern: namePattern},
	"Name/federated": {min: 2, max: 32, pattern: `[\w+=,.@-]*`},
	"Name/saml":      {min: 1, max: 128, pattern: `[\w._-]+`},
	"Path/policy":    {min: 1, max: 512, pattern: `((/[A-Za-z0-9\.,\+@=_-]+)*)/`},
})

var javaEscape = regexp.MustCompile(`\\u([0-9A-F]{4})`)

func compileConstraints(m map[string]constraint) map[string]constraint {
	for name, c := range m {
		if c.pattern != "" {
			c.whole = regexp.MustCompile(`^(?:` + javaEscape.ReplaceAllString(c.pattern, `\x{$1}`) + `)$`)
			m[name] = c
		}
	}
	return m
}

// constraintOf finds what a member of an operation must satisfy.
func constraintOf(operation, member string) (constraint, bool) {
	switch {
	case operation == "CreateUser" && member == "UserName":
		return creating["UserName"], true
	case operation == "CreatePolicy" && member == "Path":
		return creating["Path/policy"], true
	case operation == "GetFederationToken" && member == "Name":
		return creating["Name/federated"], true
	case operation == "CreateSAMLProvider" && member == "Name":
		return creating["Name/saml"], true
	}
	c, ok := constraints[member]
	return c, ok
}

// problems collects what is wrong with the form of a request.
type problems struct {
	operation string
	found     []string
}

// validate checks the members of in, a pointer to a request of the SDK. AWS
// does this before it authorizes.
func validate(operation string, in any, required ...string) error {
	p := &problems{operation: operation}
	v := reflect.ValueOf(in).Elem()
	for _, name := range required {
		if f := v.FieldByName(name); f.IsZero() {
			p.add("Value null at '%s' failed to satisfy constraint: Member must not be null", lowerFirst(name))
		}
	}
	p.members(v, "")
	return p.err()
}

func (p *problems) add(format string, args ...any) {
	p.found = append(p.found, fmt.Sprintf(format, args...))
}

func (p *problems) err() error {
	switch len(p.found) {
	case 0:
		return nil
	case 1:
		return refuse(400, "ValidationError", "%s", "1 validation error detected: "+p.found[0])
	}
	return refuse(400, "ValidationError", "%d validation errors detected: %s", len(p.found), strings.Join(p.found, "; "))
}

func (p *problems) members(v reflect.Value, prefix string) {
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			p.member(f.Name, prefix+lowerFirst(f.Name), v.Field(i))
		}
	}
}

// member checks one member; at is how the error names it.
func (p *problems) member(name, at string, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	c, ok := constraintOf(p.operation, name)
	switch v.Kind() {
	case reflect.String:
		// An enum that is not set is the empty text in the SDK's types.
		if ok && (c.enum == nil || v.Len() > 0) {
			p.text(c, at, v.String())
		}
	case reflect.Int32, reflect.Int64:
		if ok && v.Int() < int64(c.min) {
			p.add("Value '%d' at '%s' failed to satisfy constraint: Member must have value greater than or equal to %d", v.Int(), at, c.min)
		}
		if ok && v.Int() > int64(c.max) {
			p.add("Value '%d' at '%s' failed to satisfy constraint: Member must have value less than or equal to %d", v.Int(), at, c.max)
		}
	case reflect.Slice:
		if ok && c.max > 0 && v.Len() > c.max {
			p.add("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", at, c.max)
			return
		}
		item := strings.TrimSuffix(name, "s")
		if strings.HasSuffix(name, "Keys") {
			item = "Key"
		}
		for i := range v.Len() {
			where := fmt.Sprintf("%s.%d.member", at, i+1)
			if e := v.Index(i); e.Kind() == reflect.Struct {
				p.members(e, where+".")
			} else {
				p.member(item, where, e)
			}
		}
	}
}

func (p *problems) text(c constraint, at, value string) {
	n := utf8.RuneCountInString(value)
	shown := value
	if strings.Contains(strings.ToLower(at), "password") {
		shown = "****"
	}
	switch {
	case c.enum != nil && !slices.Contains(c.enum, value):
		p.add("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]", shown, at, strings.Join(c.enum, ", "))
	case c.min > 0 && n < c.min:
		p.add("Value '%s' at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d", shown, at, c.min)
	case c.max > 0 && n > c.max:
		p.add("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", shown, at, c.max)
	}
	if c.whole != nil && !c.whole.MatchString(value) {
		p.add("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", shown, at, c.pattern)
	}
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
