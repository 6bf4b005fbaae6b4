package twin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"warden/account"
	"warden/policy"
)

// Events from one account of an organization to the bus of another.
// EventBridge User Guide, "Sending and receiving events between AWS accounts".

const busSuffix = ":event-bus/default"

// busARN is the account's default bus.
func (t *Twin) busARN() string { return t.regionalARN("events", "event-bus/default") }

// authorizePutTargets: who gives a rule a role must be allowed to pass it (IAM
// User Guide, "Grant a user permissions to pass a role to an AWS service").
func authorizePutTargets(c *call, in *eventbridge.PutTargetsInput) ([]demand, error) {
	demands, err := onRule(func(in *eventbridge.PutTargetsInput) (*string, *string) { return in.Rule, in.EventBusName }, "PutTargets")(c, in)
	if err != nil {
		return nil, err
	}
	for _, x := range in.Targets {
		if x.RoleArn != nil {
			demands = append(demands, demand{action: "iam:PassRole", resource: *x.RoleArn, context: policy.Context{
				"iam:passedtoservice":       policy.One("events.amazonaws.com"),
				"iam:associatedresourcearn": policy.One(demands[0].resource),
			}})
		}
	}
	return demands, nil
}

// checkBusTarget checks a target that is a bus. Since March 2023 a target in
// another account needs a role; the policy of the bus is looked at already
// now (both seen in messages that people have published). The bus's lock must
// be held.
func (t *Twin) checkBusTarget(arn account.ARN, target ruleTarget) error {
	if arn.Account == t.account {
		return invalid("The twin has one bus for each account, which cannot be a target of its own rules.")
	}
	hub := t.peer(arn.Account)
	if hub == nil || target.arn != hub.busARN() {
		return fail(http.StatusBadRequest, "ResourceNotFoundException", "Event bus %s does not exist.", target.arn)
	}
	if target.role == "" {
		return invalid("RoleArn is required for target %s.", target.arn)
	}
	role, err := account.ParseARN(target.role)
	if err != nil || role.Service != "iam" || role.Type() != "role" || role.Account != t.account {
		return invalid("Provided role '%s' cannot be assumed by principal 'events.amazonaws.com'.", target.role)
	}
	if err := t.maySend(hub, target, nil); errors.Is(err, errBusRefuses) {
		return refuse(http.StatusBadRequest, "AccessDeniedException", "Access to the resource %s is denied. Reason: Policy does not allow for access.", target.arn)
	}
	return nil
}

// forward sends an event to the bus of another account, as it is and with the
// rights of the target's role. There it is delivered at once: it has been late
// already. An event that came from another account goes no further
// (EventBridge User Guide, the same page). The lock of all buses must be held.
func (b *bus) forward(target ruleTarget, d *delivery) error {
	hub := b.t.peer(arnAccount(target.arn, ""))
	switch {
	case d.foreign:
		return errors.New("an event of another account is not sent on")
	case hub == nil:
		return fmt.Errorf("there is no account with the bus %s", target.arn)
	}
	if err := b.t.maySend(hub, target, d.event); err != nil {
		return err
	}
	if targets := hub.bus.wanted(d.event, d.readOnly); len(targets) > 0 {
		hub.bus.deliver(&delivery{event: d.event, targets: targets, readOnly: d.readOnly, foreign: true, rank: -1})
	}
	return nil
}

var errBusRefuses = errors.New("the policy of the bus does not admit the sender")

// maySend decides whether EventBridge may send to the bus of another account
// for a rule of this one: it must be able to assume the role, the role's
// policies and the organization's must allow events:PutEvents, and the policy
// of the bus must admit the role.
func (t *Twin) maySend(hub *Twin, target ruleTarget, event []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s := t.view.at(now)
	r := s.roleOf(target.role)
	if r == nil {
		return fmt.Errorf("there is no role %s", target.role)
	}
	trust, err := policy.ParseStored(r.ARN, s.trustToDecide(r.Trust))
	if err != nil {
		return fmt.Errorf("trust policy of %s: %w", r.ARN, err)
	}
	assume := policy.Request{
		Principal: policy.Principal{Type: policy.Service, ARN: "events.amazonaws.com"},
		Action:    "sts:AssumeRole", Resource: policy.Resource{ARN: r.ARN},
		Context: policy.Context{"aws:sourcearn": policy.One(target.rule), "aws:sourceaccount": policy.One(t.account)},
	}
	if policy.Decide(&assume, &policy.Policies{Resource: trust}) != policy.Allowed {
		return fmt.Errorf("the role %s does not trust EventBridge", r.ARN)
	}

	x := &session{roleID: r.ID, name: "events", arn: "arn:" + t.partition + ":sts::" + t.account + ":assumed-role/" + r.Name + "/events", issued: now}
	p := &principal{account: t.account, session: x}
	p.fromRole(s, x)
	t.bind(p, now)
	ctx := (&call{t: t, principal: p, region: t.region, now: now}).conditions()
	ctx["aws:resourceaccount"] = policy.One(hub.account)
	t.organizationKeys(ctx, "aws:resource", hub.account, now)
	ctx["events:eventbusinvocation"] = policy.One("true")
	var head struct {
		Source     string `json:"source"`
		DetailType string `json:"detail-type"`
	}
	if json.Unmarshal(event, &head) == nil {
		ctx["events:source"], ctx["events:detail-type"] = policy.One(head.Source), policy.One(head.DetailType)
	}
	send := policy.Request{Principal: p.caller, Action: "events:PutEvents", Resource: policy.Resource{ARN: target.arn, Account: hub.account}, Context: ctx}
	policies := p.policies
	policies.Resource = hub.bus.policy.Load().parsed()
	switch result := policy.Evaluate(send, policies); {
	case result.Decision == policy.Allowed:
		return nil
	case busAllows(result), event == nil && result.Depends():
		return fmt.Errorf("the role %s may not send events to %s", r.ARN, target.arn)
	}
	return errBusRefuses
}

func busAllows(r policy.Result) bool {
	for _, l := range r.Layers {
		if l.Layer == policy.LayerResource {
			return l.Decision == policy.Allowed
		}
	}
	return false
}
