package doctor

import (
	"time"
)

// Read is a fact: its value, or why it is not known.
type Read[T any] struct {
	Value T
	// Gap is the reason why there is no value; "" where there is one.
	Gap string
}

// Known is a fact that was read.
func Known[T any](v T) Read[T] { return Read[T]{Value: v} }

// Facts are what was read of an account. A pointer to nil means that the thing
// is not there, which is a fact; a Gap that it is not known. What is missing in
// a map was not looked at, and is unknown.
type Facts struct {
	Account, Partition string
	// Home is the guard's region, Regions are all that were looked at.
	Home    string
	Regions []string
	At      time.Time
	Want    Want

	Trails    map[string]Read[[]Trail]    // by region
	Rules     map[string]Read[[]Rule]     // by region: those named warden-…
	Queues    map[string]Read[*Queue]     // by name
	Functions map[string]Read[*Function]  // by name
	LastRun   map[string]Read[*time.Time] // by function: nil for none in a day
	Table     Read[*Table]
	// Subscribers of the topic: their endpoints' protocols, confirmed ones.
	Subscribers Read[[]string]
	// TopicPolicy is the topic's own policy, "" for none; nil: no such topic.
	TopicPolicy Read[*string]
	// TablePolicy is that of the ledger's table, "" for none; nil: no such
	// table.
	TablePolicy Read[*string]
	Alarms      Read[[]Alarm]
	Roles       map[string]Read[*Role] // by name
	Policy      Read[*string]          // the document in force of DENY-IAM
	AdminGroups map[string]Read[*int]  // by name: how many members
	Protected   map[string]Read[bool]  // by ARN: exists
	Org         Read[*Organization]    // nil: not in an organisation
	SCPs        Read[[]PolicyLevel]    // above the account, from the root down
	ZipHash     string                 // of the zip that should run, base64; "" for none given
}

// Want is what the templates make, and the settings of the guard.
type Want struct {
	// Gap says why the settings are not known: then those below are defaults.
	Gap string
	// Function is the guard's own; the others are in Functions.
	Function  string
	Functions []WantFunction
	// Rules are those of the guard's region, Forward those of any other.
	Rules, Forward []WantRule
	Queues         []WantQueue
	Table, Topic   string // the topic's ARN; "" for none
	Alarms         []WantAlarm
	Roles          []WantRole
	DenyPolicyARN  string
	AdminGroups    []string
	Protected      []string
	DryRun         bool
	// Guardrail is the ARN of the service control policy that the guard
	// writes; "" for none.
	Guardrail string
	// TablePolicy is the policy of the ledger's table.
	TablePolicy string
	// Pin is the organisation's policy of the template.
	Pin string
	// Excepted are the patterns of ARNs whom the organisation's policy may
	// except: warden itself, StackSets, and the operators.
	Excepted []string
}

// WantAlarm is an alarm of the template.
type WantAlarm struct {
	Name, Namespace, Metric, Comparison, Missing string
	Threshold                                    float64
}

// WantFunction is a function of the template.
type WantFunction struct {
	Name, Handler string
	// Queues are the ARNs of those that it is to read.
	Queues []string
	// Every is how often a schedule starts it; 0 where events do.
	Every time.Duration
	// Role is the ARN of the one that it works under, Seconds its time-out.
	Role    string
	Seconds int
	// Variables are the names of its environment.
	Variables []string
}

// WantRule is a rule of the template.
type WantRule struct {
	Name string
	// Pattern is the event pattern as JSON.
	Pattern string
	// Target is the ARN of the queue or bus that it must have.
	Target string
	// Reads marks the rule whose state may ask for reads too.
	Reads bool
}

// WantQueue is a queue of the template.
type WantQueue struct {
	Name, ARN string
	// Rules are the ARNs of the rules that may send to it; Role is that of
	// the one role that may, where no rule does.
	Rules []string
	Role  string
	// Dead marks the queue of dead letters.
	Dead bool
	// Visibility is how long messages must be hidden, in seconds, Retention
	// how long they are kept at least.
	Visibility, Retention int
	// DeadLetters is the ARN of the queue that takes what fails; "" for none.
	DeadLetters string
	// Policy is the queue's own.
	Policy string
}

// WantRole is a role of the template.
type WantRole struct {
	Name, ARN string
	// Trusted is the service or the ARN of the role that may assume it.
	Trusted string
	// Guard marks the guard's role, Responder the one that may do more.
	Guard, Responder bool
	// Policy and Trust are its policies. PLACEHOLDER stands in them for the
	// organisation's id, which the settings of the guard do not tell.
	Policy, Trust string
}

// Trail is a trail of CloudTrail as it is seen from a region.
type Trail struct {
	ARN, Name, HomeRegion string
	MultiRegion, Global   bool
	Organization          bool
	Validation            bool
	Logging               bool
	// Writes and Reads tell whether it records management events of that
	// kind, Left the event sources that it leaves out.
	Writes, Reads bool
	Left          []string
	// Delivered is when a file was last delivered; DeliveryError is why the
	// last one was not.
	Delivered     time.Time
	DeliveryError string
}

// Rule is a rule of EventBridge.
type Rule struct {
	Name, ARN, State, Pattern string
	Targets                   []string // ARNs
	// Changed are those of the targets that get something else than the
	// event.
	Changed []string
}

// Queue is an SQS queue.
type Queue struct {
	ARN, Policy string
	Messages    int
	Visibility  int
	DeadLetters string // ARN of the queue that takes what fails
	// Retention and Delay are in seconds, MaxSize in bytes.
	Retention, Delay, MaxSize int
	// Key is the KMS key that encrypts it; "" for SQS's own.
	Key string
}

// Function is a Lambda function.
type Function struct {
	State, LastUpdate, Handler, Runtime, CodeHash string
	Modified                                      string
	Environment                                   map[string]string
	// Reserved is the concurrency kept for it, nil for none.
	Reserved *int
	// Policy is its resource policy, "" for none.
	Policy   string
	Mappings []Mapping
	// Role is the ARN of the one that it works under, Seconds its time-out;
	// Layers are the ARNs of code that runs with it.
	Role    string
	Seconds int
	Layers  []string
}

// Mapping leads a queue to a function.
type Mapping struct {
	Source, State string
	Partial       bool // reports failures one by one
	Filtered      bool // drops messages that its filters do not match
}

// Table is the ledger's.
type Table struct {
	Status                     string
	DeletionProtected, Restore bool // Restore: point-in-time recovery
}

// Alarm is one of CloudWatch.
type Alarm struct {
	Name, State string
	Actions     []string
	Enabled     bool

	Namespace, Metric, Comparison, Missing string
	Threshold                              float64
}

// Role is an IAM role with all its policies.
type Role struct {
	Trust    string
	Policies []string
	// Boundary is the document of its permissions boundary, "" for none.
	Boundary string
}

// Organization is what a member may know of it.
type Organization struct{ ID, Management string }

// PolicyLevel is a node above the account with its service control policies.
type PolicyLevel struct {
	ID       string
	Policies []ServicePolicy
}

// ServicePolicy is a service control policy.
type ServicePolicy struct{ ARN, Name, Document string }
