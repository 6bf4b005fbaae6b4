package account

import "time"

// Region is the configuration of one region: what records calls, who is told,
// what looks for access from outside, and the keys, networks and machines that
// the benchmark asks about. Each part is nil when it was not or could not be
// read.
type Region struct {
	Name string `json:"name"`
	// Trails are those whose home is this region, and those that log here
	// and whose home was not read.
	Trails        *Fact[[]Trail]        `json:"trails,omitempty"`
	MetricFilters *Fact[[]MetricFilter] `json:"metricFilters,omitempty"`
	Alarms        *Fact[[]Alarm]        `json:"alarms,omitempty"`
	Topics        *Fact[[]Topic]        `json:"topics,omitempty"` // those that alarms notify
	Recorders     *Fact[[]Recorder]     `json:"recorders,omitempty"`
	Analyzers     *Fact[[]Analyzer]     `json:"analyzers,omitempty"`
	SecurityHub   *Fact[Hub]            `json:"securityHub,omitempty"`
	Keys          *Fact[[]Key]          `json:"keys,omitempty"` // of KMS
	VPCs          *Fact[[]VPC]          `json:"vpcs,omitempty"`
	FlowLogs      *Fact[[]FlowLog]      `json:"flowLogs,omitempty"`
	// Instances are those that EC2 still tells of: terminated ones for an
	// hour.
	Instances *Fact[[]Instance] `json:"instances,omitempty"`
}

// Hub is AWS Security Hub CSPM in a region. Source: AWS Security Hub API
// Reference, DescribeHub.
type Hub struct {
	Enabled bool `json:"enabled"`
}

// Trail is a CloudTrail trail. Source: AWS CloudTrail API Reference, Trail,
// GetTrailStatus, EventSelector and AdvancedEventSelector.
type Trail struct {
	Name          string `json:"name"`
	ARN           string `json:"arn"`
	Home          string `json:"home"` // region
	MultiRegion   bool   `json:"multiRegion,omitempty"`
	GlobalEvents  bool   `json:"globalEvents,omitempty"`
	Organization  bool   `json:"organization,omitempty"`
	LogValidation bool   `json:"logValidation,omitempty"`
	Bucket        string `json:"bucket,omitempty"`
	LogGroup      string `json:"logGroup,omitempty"` // ARN
	KMSKey        string `json:"kmsKey,omitempty"`

	// Status is nil when it could not be read.
	Status *TrailStatus `json:"status,omitempty"`
	// Selectors are nil when they could not be read; classic selectors are
	// told as advanced ones.
	Selectors []EventSelector `json:"selectors,omitempty"`
}

// TrailStatus says whether a trail works.
type TrailStatus struct {
	Logging bool `json:"logging"`
	// LastDelivery and LastLogsDelivery are the newest deliveries to the
	// bucket and to the log group.
	LastDelivery     *time.Time `json:"lastDelivery,omitempty"`
	LastLogsDelivery *time.Time `json:"lastLogsDelivery,omitempty"`
	DeliveryError    string     `json:"deliveryError,omitempty"`
	LogsError        string     `json:"logsError,omitempty"`
}

// EventSelector is what a trail records.
type EventSelector struct {
	// Management: management events, with ReadEvents and WriteEvents.
	Management  bool `json:"management,omitempty"`
	ReadEvents  bool `json:"readEvents,omitempty"`
	WriteEvents bool `json:"writeEvents,omitempty"`
	// ExcludedSources are services whose management events are left out.
	ExcludedSources []string `json:"excludedSources,omitempty"`
	// DataResources are the types of data events, "AWS::S3::Object".
	DataResources []string `json:"dataResources,omitempty"`
	// Narrowed: the selector has other conditions, so that it records less
	// than the rest says.
	Narrowed bool `json:"narrowed,omitempty"`
}

// MetricFilter counts lines of a log group. Source: Amazon CloudWatch Logs API
// Reference, MetricFilter.
type MetricFilter struct {
	Name     string   `json:"name"`
	LogGroup string   `json:"logGroup"` // name
	Pattern  string   `json:"pattern"`
	Metrics  []Metric `json:"metrics"`
}

// Metric is a CloudWatch metric.
type Metric struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Value is what a metric filter adds for each line, mostly "1", and
	// Default what it adds where no line matches; nil is nothing.
	Value   string   `json:"value,omitempty"`
	Default *float64 `json:"default,omitempty"`
}

// Alarm is a metric alarm, or one composed of others. Source: Amazon CloudWatch
// API Reference, MetricAlarm and CompositeAlarm.
type Alarm struct {
	Name    string   `json:"name"`
	ARN     string   `json:"arn"`
	Metrics []Metric `json:"metrics"` // several in an alarm of metric math
	// Actions are the ARNs told when it fires, unless ActionsEnabled is
	// false.
	Actions        []string `json:"actions,omitempty"`
	ActionsEnabled bool     `json:"actionsEnabled"`
	Statistic      string   `json:"statistic,omitempty"`
	Comparison     string   `json:"comparison,omitempty"`
	Threshold      *float64 `json:"threshold,omitempty"`
	Period         int      `json:"period,omitempty"` // seconds
	// It fires when DatapointsToAlarm of EvaluationPeriods are over the
	// threshold; 0 is all of them.
	EvaluationPeriods int `json:"evaluationPeriods,omitempty"`
	DatapointsToAlarm int `json:"datapointsToAlarm,omitempty"`
	// Rule is that of a composite alarm; Suppressor is the alarm that keeps
	// its actions back.
	Rule       string `json:"rule,omitempty"`
	Suppressor string `json:"suppressor,omitempty"`
}

// Topic is an SNS topic with its subscriptions.
type Topic struct {
	ARN           string         `json:"arn"`
	Subscriptions []Subscription `json:"subscriptions"`
}

// Subscription is one subscriber of a topic, without the address.
type Subscription struct {
	Protocol string `json:"protocol"`
	// Confirmed is false while the subscriber has not answered: he is told
	// nothing.
	Confirmed bool `json:"confirmed"`
}

// Subscribed reports whether somebody is told.
func (t Topic) Subscribed() bool {
	for _, s := range t.Subscriptions {
		if s.Confirmed {
			return true
		}
	}
	return false
}

// Recorder is an AWS Config recorder. Source: AWS Config API Reference,
// ConfigurationRecorder and ConfigurationRecorderStatus.
type Recorder struct {
	Name         string `json:"name"`
	Recording    bool   `json:"recording"`
	LastStatus   string `json:"lastStatus,omitempty"` // Pending, Success, Failure
	AllSupported bool   `json:"allSupported,omitempty"`
	GlobalTypes  bool   `json:"globalTypes,omitempty"`
}

// Analyzer is an IAM Access Analyzer. Source: IAM Access Analyzer API
// Reference, AnalyzerSummary.
type Analyzer struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	// Type is ACCOUNT, ORGANIZATION (external access), or one of the others:
	// …_UNUSED_ACCESS, …_INTERNAL_ACCESS.
	Type   string `json:"type"`
	Status string `json:"status"` // ACTIVE, CREATING, DISABLED, FAILED
}

// Bucket is an S3 bucket that a trail writes to. Its parts are nil when they
// could not be read.
type Bucket struct {
	Name   string `json:"name"`
	Region string `json:"region,omitempty"`
	// Public: its policy or its access control list lets anybody in, and no
	// public access block stops it.
	Public *bool `json:"public,omitempty"`
	// AccessLogging: requests are written down in another bucket.
	AccessLogging *bool `json:"accessLogging,omitempty"`
}
