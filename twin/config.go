package twin

import (
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"warden/account"
)

// AWS Config: the state of its recorders, which record nothing. Errors are
// those of the AWS Config API Reference.

func configOperations() map[string]operation {
	return map[string]operation{
		"DescribeConfigurationRecorders": op(func(*call, *configservice.DescribeConfigurationRecordersInput) ([]demand, error) {
			return []demand{{action: "config:DescribeConfigurationRecorders", resource: "*"}}, nil
		}, describeRecorders),
		"DescribeConfigurationRecorderStatus": op(func(*call, *configservice.DescribeConfigurationRecorderStatusInput) ([]demand, error) {
			return []demand{{action: "config:DescribeConfigurationRecorderStatus", resource: "*"}}, nil
		}, describeRecorderStatus),
	}
}

// wantedRecorders are those that a request names, or all.
func (c *call) wantedRecorders(names []string) ([]account.Recorder, error) {
	all := c.monitored().recorders
	if len(names) == 0 {
		return all, nil
	}
	var out []account.Recorder
	for _, n := range names {
		i := slices.IndexFunc(all, func(r account.Recorder) bool { return r.Name == n })
		if i < 0 {
			return nil, fail(http.StatusBadRequest, "NoSuchConfigurationRecorderException", "Cannot find configuration recorder with the specified name '%s'.", n)
		}
		out = append(out, all[i])
	}
	return out, nil
}

func describeRecorders(c *call, in *configservice.DescribeConfigurationRecordersInput) (*configservice.DescribeConfigurationRecordersOutput, error) {
	list, err := c.wantedRecorders(in.ConfigurationRecorderNames)
	if err != nil {
		return nil, err
	}
	out := &configservice.DescribeConfigurationRecordersOutput{ConfigurationRecorders: []types.ConfigurationRecorder{}}
	for _, r := range list {
		out.ConfigurationRecorders = append(out.ConfigurationRecorders, types.ConfigurationRecorder{
			Name: ptr(r.Name), RoleARN: ptr(c.state.arn("role", "/aws-service-role/config.amazonaws.com/", "AWSServiceRoleForConfig")),
			RecordingGroup: &types.RecordingGroup{AllSupported: r.AllSupported, IncludeGlobalResourceTypes: r.GlobalTypes, ResourceTypes: []types.ResourceType{}},
		})
	}
	return out, nil
}

func describeRecorderStatus(c *call, in *configservice.DescribeConfigurationRecorderStatusInput) (*configservice.DescribeConfigurationRecorderStatusOutput, error) {
	list, err := c.wantedRecorders(in.ConfigurationRecorderNames)
	if err != nil {
		return nil, err
	}
	out := &configservice.DescribeConfigurationRecorderStatusOutput{ConfigurationRecordersStatus: []types.ConfigurationRecorderStatus{}}
	for _, r := range list {
		out.ConfigurationRecordersStatus = append(out.ConfigurationRecordersStatus, types.ConfigurationRecorderStatus{
			Name: ptr(r.Name), Recording: r.Recording, LastStatus: types.RecorderStatus(r.LastStatus)})
	}
	return out, nil
}
