package twin

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"warden/account"
	"warden/policy"
)

// estate is what EC2 has in one region; the lock of the twin guards it.
type estate struct {
	vpcs      []account.VPC
	flowLogs  []flowLog
	instances []*instance
}

type flowLog struct {
	account.FlowLog
	made time.Time
}

func (t *Twin) estateOf(region string) *estate {
	e := t.estates[region]
	if e == nil {
		e = &estate{}
		t.estates[region] = e
	}
	return e
}

func (c *call) estate() *estate { return c.t.estateOf(c.region) }

// loadEstate takes over what a snapshot says of a region.
func (t *Twin) loadEstate(r *account.Region, made time.Time) {
	e := t.estateOf(r.Name)
	if r.VPCs != nil {
		e.vpcs = slices.Clone(r.VPCs.Value)
	}
	if r.FlowLogs != nil {
		for _, x := range r.FlowLogs.Value {
			e.flowLogs = append(e.flowLogs, flowLog{x, made})
		}
	}
	if r.Instances != nil {
		for _, x := range r.Instances.Value {
			e.instances = append(e.instances, &instance{x, made})
			t.state.knowProfile(x.Profile, "")
		}
	}
}

// ec2ID makes an id as EC2 does: a prefix and 17 hexadecimal digits.
func (c *call) ec2ID(prefix string) string {
	const digits = "0123456789abcdef"
	b := []byte(prefix + "-0")
	for range 16 {
		b = append(b, digits[c.state.next.random.IntN(len(digits))])
	}
	return string(b)
}

type ec2Tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func nameTag(name string) items[ec2Tag] {
	if name == "" {
		return items[ec2Tag]{}
	}
	return items[ec2Tag]{[]ec2Tag{{"Name", name}}}
}

// tagSpecification is a parameter of calls that make something; of the tags
// the twin keeps the name.
type tagSpecification struct {
	ResourceType string
	Tag          []struct{ Key, Value string }
}

func nameIn(specifications []tagSpecification) string {
	for _, s := range specifications {
		for _, t := range s.Tag {
			if t.Key == "Name" {
				return t.Value
			}
		}
	}
	return ""
}

type describeVpcsRequest struct {
	Filter     []ec2Filter
	MaxResults *int32
	NextToken  *string
	VpcId      []string
}

func (r *describeVpcsRequest) common() *ec2Request {
	return &ec2Request{r.Filter, r.MaxResults, r.NextToken}
}

type vpcIDRecord struct {
	VpcID string `json:"vpcId"`
}

func (r *describeVpcsRequest) record() any {
	var ids items[vpcIDRecord]
	for _, id := range r.VpcId {
		ids.Items = append(ids.Items, vpcIDRecord{id})
	}
	return struct {
		MaxResults *int32              `json:"maxResults,omitempty"`
		Vpcs       items[vpcIDRecord]  `json:"vpcSet"`
		Filters    items[filterRecord] `json:"filterSet"`
	}{r.MaxResults, ids, filterRecords(r.Filter)}
}

type vpcAnswer struct {
	VpcId           string        `xml:"vpcId"`
	OwnerId         string        `xml:"ownerId"`
	State           string        `xml:"state"`
	CidrBlock       string        `xml:"cidrBlock"`
	TagSet          items[ec2Tag] `xml:"tagSet"`
	InstanceTenancy string        `xml:"instanceTenancy"`
	IsDefault       bool          `xml:"isDefault"`
}

func (c *call) vpcAnswer(v account.VPC) vpcAnswer {
	block := "10.0.0.0/16"
	if v.Default {
		block = "172.31.0.0/16"
	}
	return vpcAnswer{v.ID, cmp.Or(v.Owner, c.t.account), "available", block, nameTag(v.Name), "default", v.Default}
}

type describeVpcsAnswer struct {
	ec2Output
	VpcSet    items[vpcAnswer] `xml:"vpcSet"`
	NextToken *string          `xml:"nextToken"`
}

func describeVpcs(c *call, in *describeVpcsRequest) (*describeVpcsAnswer, error) {
	list := c.estate().vpcs
	for _, id := range in.VpcId {
		if !slices.ContainsFunc(list, func(v account.VPC) bool { return v.ID == id }) {
			return nil, ec2Fault("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
		}
	}
	list, err := keptBy(list, in.Filter, func(v account.VPC, name string) []string {
		switch name {
		case "vpc-id":
			return []string{v.ID}
		case "owner-id":
			return []string{cmp.Or(v.Owner, c.t.account)}
		case "is-default", "isDefault":
			return []string{strconv.FormatBool(v.Default)}
		case "state":
			return []string{"available"}
		case "tag:Name":
			return []string{v.Name}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(in.VpcId) > 0 {
		list = slices.DeleteFunc(list, func(v account.VPC) bool { return !slices.Contains(in.VpcId, v.ID) })
	}
	part, next, err := ec2Page(c, list, func(v account.VPC) string { return v.ID }, in.common())
	if err != nil {
		return nil, err
	}
	out := &describeVpcsAnswer{ec2Output: ec2Output{c.requestID}, NextToken: next}
	for _, v := range part {
		out.VpcSet.Items = append(out.VpcSet.Items, c.vpcAnswer(v))
	}
	return out, nil
}

type createVpcRequest struct {
	CidrBlock        string
	TagSpecification []tagSpecification
}

type createVpcAnswer struct {
	ec2Output
	Vpc vpcAnswer `xml:"vpc"`
}

func authorizeCreateVpc(c *call, in *createVpcRequest) ([]demand, error) {
	if in.CidrBlock == "" {
		return nil, ec2Fault("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
	}
	return []demand{{action: "ec2:CreateVpc", resource: c.regionalARN("ec2", "vpc/*")}}, nil
}

func createVpc(c *call, in *createVpcRequest) (*createVpcAnswer, error) {
	v := account.VPC{ID: c.ec2ID("vpc"), Name: nameIn(in.TagSpecification), Owner: c.t.account}
	e := c.estate()
	e.vpcs = append(e.vpcs, v)
	out := c.vpcAnswer(v)
	out.CidrBlock = in.CidrBlock
	return &createVpcAnswer{ec2Output{c.requestID}, out}, nil
}

type describeFlowLogsRequest struct {
	Filter     []ec2Filter
	MaxResults *int32
	NextToken  *string
	FlowLogId  []string
}

func (r *describeFlowLogsRequest) common() *ec2Request {
	return &ec2Request{r.Filter, r.MaxResults, r.NextToken}
}

func (r *describeFlowLogsRequest) record() any {
	type filter struct {
		Tag    int             `json:"tag"`
		Name   string          `json:"Name"`
		Values []contentRecord `json:"Value"`
	}
	var filters []filter
	for i, f := range r.Filter {
		filters = append(filters, filter{i + 1, f.Name, contentRecords(f.Value)})
	}
	type request struct {
		MaxResults *int32          `json:"MaxResults,omitempty"`
		FlowLogIDs []contentRecord `json:"FlowLogId,omitempty"`
		Filters    []filter        `json:"Filter,omitempty"`
	}
	return map[string]any{"DescribeFlowLogsRequest": request{r.MaxResults, contentRecords(r.FlowLogId), filters}}
}

type flowLogAnswer struct {
	FlowLogId               string `xml:"flowLogId"`
	FlowLogStatus           string `xml:"flowLogStatus,omitempty"`
	ResourceId              string `xml:"resourceId"`
	TrafficType             string `xml:"trafficType"`
	DeliverLogsStatus       string `xml:"deliverLogsStatus,omitempty"`
	DeliverLogsErrorMessage string `xml:"deliverLogsErrorMessage,omitempty"`
	LogGroupName            string `xml:"logGroupName,omitempty"`
	LogDestination          string `xml:"logDestination,omitempty"`
	LogDestinationType      string `xml:"logDestinationType"`
	CreationTime            string `xml:"creationTime"`
}

type describeFlowLogsAnswer struct {
	ec2Output
	FlowLogSet items[flowLogAnswer] `xml:"flowLogSet"`
	NextToken  *string              `xml:"nextToken"`
}

// where tells the kind of a destination, by its ARN.
func (f *flowLog) where() string {
	a, err := account.ParseARN(f.Destination)
	switch {
	case err == nil && a.Service == "s3":
		return "s3"
	case err == nil && a.Service == "firehose":
		return "kinesis-data-firehose"
	}
	return "cloud-watch-logs"
}

func describeFlowLogs(c *call, in *describeFlowLogsRequest) (*describeFlowLogsAnswer, error) {
	list, err := keptBy(c.estate().flowLogs, in.Filter, func(f flowLog, name string) []string {
		switch name {
		case "resource-id":
			return []string{f.Resource}
		case "flow-log-id":
			return []string{f.ID}
		case "traffic-type":
			return []string{f.Traffic}
		case "deliver-log-status":
			return []string{f.Delivery}
		case "log-destination-type":
			return []string{f.where()}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(in.FlowLogId) > 0 {
		list = slices.DeleteFunc(list, func(f flowLog) bool { return !slices.Contains(in.FlowLogId, f.ID) })
	}
	part, next, err := ec2Page(c, list, func(f flowLog) string { return f.ID }, in.common())
	if err != nil {
		return nil, err
	}
	out := &describeFlowLogsAnswer{ec2Output: ec2Output{c.requestID}, NextToken: next}
	for _, f := range part {
		a := flowLogAnswer{f.ID, f.Status, f.Resource, f.Traffic, f.Delivery, f.DeliveryError, "", "", f.where(), f.made.UTC().Format("2006-01-02T15:04:05.000Z")}
		if a.LogDestinationType == "cloud-watch-logs" {
			a.LogGroupName = f.Destination
		} else {
			a.LogDestination = f.Destination
		}
		out.FlowLogSet.Items = append(out.FlowLogSet.Items, a)
	}
	return out, nil
}

type createFlowLogsRequest struct {
	ResourceId                            []string
	ResourceType, TrafficType             string
	LogGroupName, LogDestination          string
	LogDestinationType                    string
	DeliverLogsPermissionArn, ClientToken string
}

type unsuccessfulItem struct {
	ResourceId string   `xml:"resourceId"`
	Error      ec2Error `xml:"error"`
}

type ec2Error struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

type createFlowLogsAnswer struct {
	ec2Output
	FlowLogIdSet items[string]           `xml:"flowLogIdSet"`
	Unsuccessful items[unsuccessfulItem] `xml:"unsuccessful"`
}

// authorizeCreateFlowLogs: for CloudWatch Logs the caller passes a role. Amazon
// VPC User Guide, "Publish flow logs to CloudWatch Logs"; Service
// Authorization Reference, Amazon EC2, CreateFlowLogs.
func authorizeCreateFlowLogs(c *call, in *createFlowLogsRequest) ([]demand, error) {
	switch {
	case len(in.ResourceId) == 0:
		return nil, ec2Fault("MissingParameter", "The request must contain the parameter ResourceId")
	case !slices.Contains([]string{"VPC", "Subnet", "NetworkInterface"}, in.ResourceType):
		return nil, ec2Fault("InvalidParameterValue", "Value (%s) for parameter ResourceType is invalid.", in.ResourceType)
	case !slices.Contains([]string{"ACCEPT", "REJECT", "ALL"}, in.TrafficType):
		return nil, ec2Fault("InvalidParameterValue", "Value (%s) for parameter TrafficType is invalid.", in.TrafficType)
	case in.LogGroupName == "" && in.LogDestination == "":
		return nil, ec2Fault("InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided.")
	}
	kind := map[string]string{"VPC": "vpc", "Subnet": "subnet", "NetworkInterface": "network-interface"}[in.ResourceType]
	demands := []demand{{action: "ec2:CreateFlowLogs", resource: c.regionalARN("ec2", "vpc-flow-log/*")}}
	for _, id := range in.ResourceId {
		demands = append(demands, demand{action: "ec2:CreateFlowLogs", resource: c.regionalARN("ec2", kind+"/"+id)})
	}
	if in.DeliverLogsPermissionArn != "" {
		demands = append(demands, demand{action: "iam:PassRole", resource: in.DeliverLogsPermissionArn, context: policy.Context{"iam:passedtoservice": policy.One("vpc-flow-logs.amazonaws.com")}})
	}
	return demands, nil
}

func createFlowLogs(c *call, in *createFlowLogsRequest) (*createFlowLogsAnswer, error) {
	out := &createFlowLogsAnswer{ec2Output: ec2Output{c.requestID}}
	e := c.estate()
	for _, id := range in.ResourceId {
		f := flowLog{account.FlowLog{
			ID: c.ec2ID("fl"), Resource: id, Traffic: in.TrafficType, Status: "ACTIVE", Delivery: "SUCCESS", Destination: cmp.Or(in.LogDestination, in.LogGroupName),
		}, c.now}
		bad := ec2Error{}
		switch {
		case in.ResourceType == "VPC" && !slices.ContainsFunc(e.vpcs, func(v account.VPC) bool { return v.ID == id }):
			bad = ec2Error{"InvalidVpcId.NotFound", "The vpc ID '" + id + "' does not exist"}
		case slices.ContainsFunc(e.flowLogs, func(o flowLog) bool {
			return o.Resource == id && o.Traffic == f.Traffic && o.Destination == f.Destination
		}):
			bad = ec2Error{"FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination."}
		}
		if bad.Code != "" {
			out.Unsuccessful.Items = append(out.Unsuccessful.Items, unsuccessfulItem{id, bad})
			continue
		}
		e.flowLogs = append(e.flowLogs, f)
		out.FlowLogIdSet.Items = append(out.FlowLogIdSet.Items, f.ID)
	}
	return out, nil
}
