package wire

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameShape compares what is on the wire and nothing else.
var sameShape = cmp.Options{
	cmpopts.IgnoreUnexported(iam.CreateUserInput{}, types.Tag{}, sts.AssumeRoleInput{}, ststypes.PolicyDescriptorType{}, ststypes.Tag{},
		sns.PublishInput{}, snstypes.MessageAttributeValue{}, sns.CreateTopicInput{}, iam.ListUsersInput{}, iam.CreatePolicyVersionInput{},
		iam.UntagUserInput{}, cloudtrail.LookupEventsInput{}, cttypes.LookupAttribute{}, iam.GetAccountAuthorizationDetailsInput{}),
}

func TestDecodeQuery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		into, want any
	}{
		{"plain", "Action=CreateUser&Version=2010-05-08&UserName=Zo%C3%AB+B&Path=%2Fx%2F", &iam.CreateUserInput{},
			&iam.CreateUserInput{UserName: aws.String("Zoë B"), Path: aws.String("/x/")}},
		{"structures in a list, out of order", "UserName=a&Tags.member.2.Key=k2&Tags.member.2.Value=&Tags.member.1.Key=k1&Tags.member.1.Value=v1", &iam.CreateUserInput{},
			&iam.CreateUserInput{UserName: aws.String("a"), Tags: []types.Tag{{Key: aws.String("k1"), Value: aws.String("v1")}, {Key: aws.String("k2"), Value: aws.String("")}}}},
		{"empty list", "UserName=a&TagKeys=", &iam.UntagUserInput{}, &iam.UntagUserInput{UserName: aws.String("a"), TagKeys: []string{}}},
		{"enumerations", "Filter.member.1=User&Filter.member.2=Role&MaxItems=10", &iam.GetAccountAuthorizationDetailsInput{},
			&iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{"User", "Role"}, MaxItems: aws.Int32(10)}},
		{"boolean", "PolicyArn=p&PolicyDocument=d&SetAsDefault=true", &iam.CreatePolicyVersionInput{},
			&iam.CreatePolicyVersionInput{PolicyArn: aws.String("p"), PolicyDocument: aws.String("d"), SetAsDefault: true}},
		{"names that begin small", "RoleArn=r&RoleSessionName=s&PolicyArns.member.1.arn=a&DurationSeconds=900&TransitiveTagKeys.member.1=k", &sts.AssumeRoleInput{},
			&sts.AssumeRoleInput{RoleArn: aws.String("r"), RoleSessionName: aws.String("s"), DurationSeconds: aws.Int32(900),
				PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String("a")}}, TransitiveTagKeys: []string{"k"}}},
		{"map", "Name=n&Attributes.entry.1.key=Policy&Attributes.entry.1.value=%7B%7D", &sns.CreateTopicInput{},
			&sns.CreateTopicInput{Name: aws.String("n"), Attributes: map[string]string{"Policy": "{}"}}},
		{"map of structures, as SNS spells it", "Message=m&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=Binary&MessageAttributes.entry.1.Value.BinaryValue=AQI%3D", &sns.PublishInput{},
			&sns.PublishInput{Message: aws.String("m"), MessageAttributes: map[string]snstypes.MessageAttributeValue{"a": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}}}}},
		{"unknown parameters are ignored", "Nonsense=1&Nonsense.member.x=2&PathPrefix=%2F", &iam.ListUsersInput{}, &iam.ListUsersInput{PathPrefix: aws.String("/")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q, err := ParseQuery(tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if err := q.Decode(tt.into); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, tt.into, sameShape); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeQueryErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"number", "MaxItems=ten", `MaxItems: "ten" is not an integer`},
		{"number too large", "MaxItems=99999999999", `MaxItems: "99999999999" is not an integer`},
		{"escape", "UserName=%zz", "UserName: the value is not form-encoded"},
		{"list member", "Filter.member.first=User", `Filter: the members of a list are numbered, not called "first"`},
		{"structure for text", "Marker.member.1=x", "Marker: a plain value is expected"},
		{"depth", "Filter.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1=x", "1: the name is nested too deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q, err := ParseQuery(tt.body)
			if err == nil {
				err = q.Decode(&iam.GetAccountAuthorizationDetailsInput{})
			}
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

var day = time.Date(2026, 11, 23, 9, 5, 7, 250e6, time.UTC)

func TestAppendXML(t *testing.T) {
	t.Parallel()
	got := string(AppendXML(nil, "https://iam.amazonaws.com/doc/2010-05-08/", "ListUsers", "r-1", &iam.ListUsersOutput{
		Users: []types.User{{UserName: aws.String("a<b>&\"\x01"), CreateDate: &day, Tags: []types.Tag{}}},
	}))
	want := `<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult>` +
		`<Users><member><CreateDate>2026-11-23T09:05:07Z</CreateDate><UserName>a&lt;b&gt;&amp;&quot;` + "\uFFFD" + `</UserName><Tags></Tags></member></Users>` +
		`<IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListUsersResponse>`
	if d := cmp.Diff(fields(want), fields(got)); d != "" {
		t.Error(d)
	}
	got = string(AppendXML(nil, "n", "GetAccountSummary", "r", &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"Users": 3, "Groups": 1}}))
	want = `<GetAccountSummaryResponse xmlns="n"><GetAccountSummaryResult><SummaryMap><entry><key>Groups</key><value>1</value></entry><entry><key>Users</key><value>3</value></entry></SummaryMap></GetAccountSummaryResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetAccountSummaryResponse>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = string(AppendXML(nil, "n", "GetTopicAttributes", "r", &sns.GetTopicAttributesOutput{Attributes: map[string]string{"Policy": ""}}))
	want = `<GetTopicAttributesResponse xmlns="n"><GetTopicAttributesResult><Attributes><entry><key>Policy</key><value></value></entry></Attributes></GetTopicAttributesResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetTopicAttributesResponse>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = string(AppendXMLError(nil, "n", "Sender", "NoSuchEntity", "no <user>", "r"))
	want = `<ErrorResponse xmlns="n"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &lt;user&gt;</Message></Error><RequestId>r</RequestId></ErrorResponse>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// fields lets two documents that differ in the order of members compare equal.
func fields(s string) map[string]int {
	n := map[string]int{}
	for start, i := 0, 0; i < len(s); i++ {
		if s[i] == '>' || i+1 < len(s) && s[i+1] == '<' {
			n[s[start:i+1]]++
			start = i + 1
		}
	}
	return n
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	var in cloudtrail.LookupEventsInput
	err := DecodeJSON([]byte(`{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"CreateUser"}],"StartTime":1795424707.25,"MaxResults":5,"Unknown":{}}`), &in)
	if err != nil {
		t.Fatal(err)
	}
	want := cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: "EventName", AttributeValue: aws.String("CreateUser")}},
		StartTime: &day, MaxResults: aws.Int32(5)}
	if d := cmp.Diff(want, in, sameShape); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{`{`, `[]`, `{"MaxResults":"x"}`, `{"StartTime":1e300}`, `{"StartTime":{}}`, `{"MaxResults":1,"MaxResults":2}`} {
		if err := DecodeJSON([]byte(bad), &cloudtrail.LookupEventsInput{}); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	got := string(AppendJSON(nil, &cloudtrail.LookupEventsOutput{Events: []cttypes.Event{{EventId: aws.String("e\"1"), EventTime: &day}}}))
	if want := `{"Events":[{"EventId":"e\"1","EventTime":1795424707.250}]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = string(AppendJSON(nil, &eventbridge.PutEventsOutput{}))
	if want := `{"FailedEntryCount":0}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAppendRecord(t *testing.T) {
	t.Parallel()
	const layout = "Jan 2, 2006 3:04:05 PM"
	tests := []struct {
		v    any
		want string
	}{
		{&iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{AccessKeyId: aws.String("AKIA"), SecretAccessKey: aws.String("s3cret"), Status: "Active", CreateDate: &day}},
			`{"accessKey":{"accessKeyId":"AKIA","createDate":"Nov 23, 2026 9:05:07 AM","status":"Active"}}`},
		{&iam.CreateLoginProfileInput{UserName: aws.String("a"), Password: aws.String("p")}, `{"userName":"a"}`},
		{&iam.ListVirtualMFADevicesInput{}, `null`},
		{nil, `null`},
		{&iam.TagUserInput{UserName: aws.String("a"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("\xff")}}}, `{"tags":[{"key":"k","value":"` + "\uFFFD" + `"}],"userName":"a"}`},
	}
	for _, tt := range tests {
		got := AppendRecord(nil, tt.v, layout)
		var g, w any
		if err := json.Unmarshal(got, &g); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		_ = json.Unmarshal([]byte(tt.want), &w)
		if d := cmp.Diff(w, g); d != "" {
			t.Errorf("%T: %s", tt.v, d)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("Action=CreateUser&UserName=a&Tags.member.1.Key=k&Tags.member.1.Value=v")
	f.Add("MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.StringValue=x&Message=%41")
	f.Add("PolicyArns.member.1.arn=a&Tags.member.99999999999999999999.Key=x&DurationSeconds=1")
	f.Fuzz(func(t *testing.T, body string) {
		q, err := ParseQuery(body)
		if err != nil {
			return
		}
		for _, in := range []any{&iam.CreateUserInput{}, &sns.PublishInput{}, &sts.AssumeRoleInput{}, &sns.CreateTopicInput{}} {
			if q.Decode(in) != nil {
				continue
			}
			if out := AppendJSON(nil, in); !json.Valid(out) {
				t.Errorf("%q became %s", body, out)
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"LookupAttributes":[{"AttributeKey":"EventName"}],"StartTime":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in cloudtrail.LookupEventsInput
		if DecodeJSON(data, &in) != nil {
			return
		}
		if out := AppendJSON(nil, &in); !json.Valid(out) {
			t.Errorf("%q became %s", data, out)
		}
	})
}
