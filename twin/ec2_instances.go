package twin

import (
	"slices"
	"time"

	"warden/account"
	"warden/policy"
)

// instance is an EC2 instance; the lock of the twin guards it.
type instance struct {
	account.Instance
	made time.Time
}

// knowProfile makes the instance profile of an ARN unless it is there, with
// its role where one is named. Whoever looks at an instance finds its profile.
func (s *state) knowProfile(arn, role string) {
	a, err := account.ParseARN(arn)
	if err != nil || a.Type() != "instance-profile" || s.belongings.profiles.get(a.Name()) != nil {
		return
	}
	s.belongings.profiles.put(a.Name(), &instanceProfile{
		path: a.Resource[len("instance-profile") : len(a.Resource)-len(a.Name())], name: a.Name(), id: s.next.make(prefixProfile), arn: arn, created: s.collectedAt, role: role,
	})
}

type describeInstancesRequest struct {
	Filter     []ec2Filter
	MaxResults *int32
	NextToken  *string
	InstanceId []string
}

func (r *describeInstancesRequest) common() *ec2Request {
	return &ec2Request{r.Filter, r.MaxResults, r.NextToken}
}

type instanceIDRecord struct {
	InstanceID string `json:"instanceId"`
}

func (r *describeInstancesRequest) record() any {
	var ids items[instanceIDRecord]
	for _, id := range r.InstanceId {
		ids.Items = append(ids.Items, instanceIDRecord{id})
	}
	return struct {
		MaxResults *int32                  `json:"maxResults,omitempty"`
		Instances  items[instanceIDRecord] `json:"instancesSet"`
		Filters    items[filterRecord]     `json:"filterSet"`
	}{r.MaxResults, ids, filterRecords(r.Filter)}
}

type instanceState struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

type profileAnswer struct {
	Arn string `xml:"arn"`
	Id  string `xml:"id"`
}

type instanceAnswer struct {
	InstanceId         string         `xml:"instanceId"`
	ImageId            string         `xml:"imageId"`
	InstanceState      instanceState  `xml:"instanceState"`
	InstanceType       string         `xml:"instanceType"`
	LaunchTime         string         `xml:"launchTime"`
	TagSet             items[ec2Tag]  `xml:"tagSet"`
	IamInstanceProfile *profileAnswer `xml:"iamInstanceProfile"`
}

type reservationAnswer struct {
	ReservationId string                `xml:"reservationId"`
	OwnerId       string                `xml:"ownerId"`
	InstancesSet  items[instanceAnswer] `xml:"instancesSet"`
}

type describeInstancesAnswer struct {
	ec2Output
	ReservationSet items[reservationAnswer] `xml:"reservationSet"`
	NextToken      *string                  `xml:"nextToken"`
}

// stateOf is the state with its code. Amazon EC2 API Reference, InstanceState.
func stateOf(name string) instanceState {
	codes := map[string]int{"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
	return instanceState{codes[name], name}
}

func (c *call) instanceAnswer(i *instance) instanceAnswer {
	out := instanceAnswer{i.ID, "ami-0123456789abcdef0", stateOf(i.State), "t3.micro", i.made.UTC().Format("2006-01-02T15:04:05.000Z"), nameTag(i.Name), nil}
	if p := c.state.belongings.profiles.get(nameOf(i.Profile)); i.Profile != "" && p != nil {
		out.IamInstanceProfile = &profileAnswer{p.arn, p.id}
	} else if i.Profile != "" {
		out.IamInstanceProfile = &profileAnswer{Arn: i.Profile} // it is gone
	}
	return out
}

// instancesNamed are those with the ids.
func (c *call) instancesNamed(ids []string) ([]*instance, error) {
	var out []*instance
	for _, id := range ids {
		at := slices.IndexFunc(c.estate().instances, func(i *instance) bool { return i.ID == id })
		if at < 0 {
			return nil, ec2Fault("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
		}
		out = append(out, c.estate().instances[at])
	}
	return out, nil
}

func describeInstances(c *call, in *describeInstancesRequest) (*describeInstancesAnswer, error) {
	list := slices.Clone(c.estate().instances)
	if len(in.InstanceId) > 0 {
		if in.MaxResults != nil {
			return nil, ec2Fault("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
		}
		var err error
		if list, err = c.instancesNamed(in.InstanceId); err != nil {
			return nil, err
		}
	}
	list, err := keptBy(list, in.Filter, func(i *instance, name string) []string {
		if i == nil {
			i = &instance{}
		}
		switch name {
		case "instance-id":
			return []string{i.ID}
		case "instance-state-name":
			return []string{i.State}
		case "iam-instance-profile.arn":
			return []string{i.Profile}
		case "tag:Name":
			return []string{i.Name}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	part, next, err := ec2Page(c, list, func(i *instance) string { return i.ID }, in.common())
	if err != nil {
		return nil, err
	}
	out := &describeInstancesAnswer{ec2Output: ec2Output{c.requestID}, NextToken: next}
	for _, i := range part {
		r := reservationAnswer{"r" + i.ID[1:], c.t.account, items[instanceAnswer]{[]instanceAnswer{c.instanceAnswer(i)}}}
		out.ReservationSet.Items = append(out.ReservationSet.Items, r)
	}
	return out, nil
}

// profileParameter names a profile by its name or ARN.
type profileParameter struct{ Arn, Name string }

func (c *call) profileOf(p profileParameter) (*instanceProfile, error) {
	name := p.Name
	if p.Arn != "" {
		name = nameOf(p.Arn)
	}
	x := c.state.belongings.profiles.get(name)
	if x == nil || p.Arn != "" && x.arn != p.Arn {
		return nil, ec2Fault("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
	}
	return x, nil
}

// passing asks for the right to pass the role of a profile. IAM User Guide,
// "Grant a user permissions to pass a role to an AWS service".
func (c *call) passing(p *instanceProfile) []demand {
	r := c.state.roles.get(p.role)
	if p.role == "" || r == nil {
		return nil
	}
	return []demand{{action: "iam:PassRole", resource: r.ARN, context: policy.Context{"iam:passedtoservice": policy.One("ec2.amazonaws.com")}}}
}

type runInstancesRequest struct {
	ImageId            string
	MinCount, MaxCount int32
	IamInstanceProfile *profileParameter
	TagSpecification   []tagSpecification
}

type runInstancesAnswer struct {
	ec2Output
	reservationAnswer
}

// authorizeRunInstances asks for the instance and the image; networks, disks
// and groups of security there are none. Service Authorization Reference,
// Amazon EC2, RunInstances.
func authorizeRunInstances(c *call, in *runInstancesRequest) ([]demand, error) {
	if in.ImageId == "" || in.MinCount < 1 || in.MaxCount < in.MinCount {
		return nil, ec2Fault("MissingParameter", "The request must contain the parameters ImageId, MinCount and MaxCount")
	}
	demands := []demand{
		{action: "ec2:RunInstances", resource: c.regionalARN("ec2", "instance/*")},
		{action: "ec2:RunInstances", resource: "arn:" + c.t.partition + ":ec2:" + c.region + "::image/" + in.ImageId},
	}
	if in.IamInstanceProfile != nil {
		p, err := c.profileOf(*in.IamInstanceProfile)
		if err != nil {
			return nil, err
		}
		demands = append(demands, c.passing(p)...)
	}
	return demands, nil
}

func runInstances(c *call, in *runInstancesRequest) (*runInstancesAnswer, error) {
	out := &runInstancesAnswer{ec2Output{c.requestID}, reservationAnswer{ReservationId: c.ec2ID("r"), OwnerId: c.t.account}}
	e := c.estate()
	for range in.MaxCount {
		i := &instance{account.Instance{ID: c.ec2ID("i"), Name: nameIn(in.TagSpecification), State: "running"}, c.now}
		if in.IamInstanceProfile != nil {
			p, err := c.profileOf(*in.IamInstanceProfile)
			if err != nil {
				return nil, err
			}
			i.Profile = p.arn
		}
		e.instances = append(e.instances, i)
		out.InstancesSet.Items = append(out.InstancesSet.Items, c.instanceAnswer(i))
	}
	return out, nil
}

type terminateInstancesRequest struct{ InstanceId []string }

type stateChange struct {
	InstanceId    string        `xml:"instanceId"`
	CurrentState  instanceState `xml:"currentState"`
	PreviousState instanceState `xml:"previousState"`
}

type terminateInstancesAnswer struct {
	ec2Output
	InstancesSet items[stateChange] `xml:"instancesSet"`
}

func authorizeTerminate(c *call, in *terminateInstancesRequest) ([]demand, error) {
	list, err := c.instancesNamed(in.InstanceId)
	if err != nil {
		return nil, err
	}
	var out []demand
	for _, i := range list {
		out = append(out, demand{action: "ec2:TerminateInstances", resource: c.regionalARN("ec2", "instance/"+i.ID)})
	}
	return out, nil
}

// terminateInstances: they are gone at once, and told of for good (AWS: within
// minutes, for an hour).
func terminateInstances(c *call, in *terminateInstancesRequest) (*terminateInstancesAnswer, error) {
	list, err := c.instancesNamed(in.InstanceId)
	if err != nil {
		return nil, err
	}
	out := &terminateInstancesAnswer{ec2Output: ec2Output{c.requestID}}
	for _, i := range list {
		out.InstancesSet.Items = append(out.InstancesSet.Items, stateChange{i.ID, stateOf("terminated"), stateOf(i.State)})
		i.State, i.Profile = "terminated", ""
	}
	return out, nil
}

type associateProfileRequest struct {
	InstanceId         string
	IamInstanceProfile profileParameter
}

type associationAnswer struct {
	AssociationId      string        `xml:"associationId"`
	InstanceId         string        `xml:"instanceId"`
	IamInstanceProfile profileAnswer `xml:"iamInstanceProfile"`
	State              string        `xml:"state"`
}

type associateProfileAnswer struct {
	ec2Output
	IamInstanceProfileAssociation associationAnswer `xml:"iamInstanceProfileAssociation"`
}

func authorizeAssociate(c *call, in *associateProfileRequest) ([]demand, error) {
	if _, err := c.instancesNamed([]string{in.InstanceId}); err != nil {
		return nil, err
	}
	p, err := c.profileOf(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	return append(c.passing(p), demand{action: "ec2:AssociateIamInstanceProfile", resource: c.regionalARN("ec2", "instance/"+in.InstanceId)}), nil
}

// associateProfile: an instance that runs or is stopped, and has none. Amazon
// EC2 API Reference, AssociateIamInstanceProfile.
func associateProfile(c *call, in *associateProfileRequest) (*associateProfileAnswer, error) {
	list, err := c.instancesNamed([]string{in.InstanceId})
	if err != nil {
		return nil, err
	}
	i := list[0]
	switch {
	case i.State != "running" && i.State != "stopped":
		return nil, ec2Fault("IncorrectInstanceState", "The instance '%s' is not in the 'running' or 'stopped' states.", i.ID)
	case i.Profile != "":
		return nil, ec2Fault("IncorrectState", "There is an existing association for instance %s", i.ID)
	}
	p, err := c.profileOf(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	i.Profile = p.arn
	return &associateProfileAnswer{ec2Output{c.requestID}, associationAnswer{c.ec2ID("iip-assoc"), i.ID, profileAnswer{p.arn, p.id}, "associating"}}, nil
}
