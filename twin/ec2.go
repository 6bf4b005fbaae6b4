package twin

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// Amazon EC2: the VPCs of a region with their flow logs, and its instances
// with their profiles. Nothing runs and nothing is logged. Errors are those of
// the Amazon EC2 API Reference, "Error codes for the Amazon EC2 API".

// ec2Service has a protocol of its own: requests like the query protocol with
// flat lists, answers without a result inside. Source: Smithy, "AWS EC2 query
// protocol".
var ec2Service = &service{name: "ec2", source: "ec2.amazonaws.com", protocol: ec2Protocol, version: "2016-11-15", xmlns: "http://ec2.amazonaws.com/doc/2016-11-15/",
	everywhere: true, layout: "Jan 2, 2006, 3:04:05 PM"}

func ec2Operations() map[string]operation {
	return map[string]operation{
		"DescribeVpcs":                op(readEC2[describeVpcsRequest], describeVpcs),
		"DescribeFlowLogs":            op(readEC2[describeFlowLogsRequest], describeFlowLogs),
		"DescribeInstances":           op(readEC2[describeInstancesRequest], describeInstances),
		"CreateVpc":                   op(authorizeCreateVpc, createVpc),
		"CreateFlowLogs":              op(authorizeCreateFlowLogs, createFlowLogs),
		"RunInstances":                op(authorizeRunInstances, runInstances),
		"TerminateInstances":          op(authorizeTerminate, terminateInstances),
		"AssociateIamInstanceProfile": op(authorizeAssociate, associateProfile),
	}
}

// ec2Request is what the requests that describe something have in common; the
// fields are named as on the wire.
type ec2Request struct {
	Filter     []ec2Filter
	MaxResults *int32
	NextToken  *string
}

type ec2Filter struct {
	Name  string
	Value []string
}

// ec2Reader is a request that describes something: its record, and its page.
type ec2Reader interface {
	common() *ec2Request
	record() any
}

// readEC2 asks for the permission to describe, which EC2 gives for everything
// or nothing. Service Authorization Reference, Amazon EC2.
func readEC2[I any, P interface {
	*I
	ec2Reader
}](c *call, in *I) ([]demand, error) {
	q := P(in)
	c.parameters = jsonOf(q.record())
	if n := q.common().MaxResults; n != nil && (*n < 5 || *n > 1000) {
		return nil, ec2Fault("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", *n)
	}
	return []demand{{action: "ec2:" + c.operation, resource: "*"}}, nil
}

func jsonOf(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil // no type here fails to marshal
	}
	return b
}

func ec2Fault(code, format string, args ...any) error {
	return refuse(http.StatusBadRequest, code, format, args...)
}

// keptBy keeps the things that every filter wants. values are those that a
// thing has for a name; nil is a name that there is not. Amazon EC2 API
// Reference, Filter.
func keptBy[T any](list []T, filters []ec2Filter, values func(T, string) []string) ([]T, error) {
	var zero T
	for _, f := range filters {
		if values(zero, f.Name) == nil {
			return nil, ec2Fault("InvalidParameterValue", "The filter '%s' is invalid", f.Name)
		}
	}
	out := []T{}
	for _, x := range list {
		if !slices.ContainsFunc(filters, func(f ec2Filter) bool {
			return !slices.ContainsFunc(values(x, f.Name), func(has string) bool {
				return slices.ContainsFunc(f.Value, func(want string) bool { return wild(want, has) })
			})
		}) {
			out = append(out, x)
		}
	}
	return out, nil
}

// wild compares a text with a pattern of * for any characters, ? for one, and
// plain ones. It tries the last * again only, so that no pattern is slow.
func wild(pattern, text string) bool {
	star, from := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// ec2Page cuts the page that is asked for; without a number there is one of
// all.
func ec2Page[T any](c *call, list []T, key func(T) string, r *ec2Request) ([]T, *string, error) {
	size := r.MaxResults
	if size == nil {
		size = ptr(int32(len(list)))
		if r.NextToken == nil && c.t.faults.PageSize == 0 {
			return list, nil, nil
		}
	}
	part, next, _, err := page(c, list, key, r.NextToken, size)
	if err != nil {
		return nil, nil, ec2Fault("InvalidPaginationToken", "The pagination token is invalid")
	}
	return part, next, nil
}

// items is a list as EC2 writes it, in answers and in records.
type items[T any] struct {
	Items []T `xml:"item" json:"items,omitempty"`
}

// ec2Output is what every answer begins with.
type ec2Output struct {
	RequestId string `xml:"requestId"`
}

// appendEC2 appends an answer or an error.
func appendEC2(b []byte, s *service, out any, e *apiError, c *call) []byte {
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	x := xml.NewEncoder(&buf)
	var err error
	if e != nil {
		type fault struct{ Code, Message string }
		err = x.Encode(struct {
			XMLName xml.Name `xml:"Response"`
			Errors  []fault  `xml:"Errors>Error"`
			ID      string   `xml:"RequestID"`
		}{Errors: []fault{{e.Code, e.Message}}, ID: c.requestID})
	} else {
		err = x.EncodeElement(out, xml.StartElement{Name: xml.Name{Local: c.operation + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: s.xmlns}}})
	}
	if err != nil {
		return b // no type here fails to marshal
	}
	return append(b, buf.Bytes()...)
}

// ec2Faults are the failures to authenticate in EC2's words.
var ec2Faults = [...]struct {
	code, message string
	status        int
}{
	faultMissing:      {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	faultIncomplete:   {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	faultInvalidToken: {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	faultMismatch:     {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	faultExpired:      {"RequestExpired", "Request has expired.", 400},
}

// The forms in which CloudTrail tells of parameters (*seen*).

type filterRecord struct {
	Name   string             `json:"name"`
	Values items[valueRecord] `json:"valueSet"`
}

type valueRecord struct {
	Value string `json:"value"`
}

func filterRecords(list []ec2Filter) items[filterRecord] {
	var out items[filterRecord]
	for _, f := range list {
		r := filterRecord{Name: f.Name}
		for _, v := range f.Value {
			r.Values.Items = append(r.Values.Items, valueRecord{v})
		}
		out.Items = append(out.Items, r)
	}
	return out
}

// contentRecord is a text with its number in a list, in the records of younger
// operations.
type contentRecord struct {
	Tag     int    `json:"tag"`
	Content string `json:"content"`
}

func contentRecords(list []string) []contentRecord {
	var out []contentRecord
	for i, s := range list {
		out = append(out, contentRecord{i + 1, s})
	}
	return out
}
