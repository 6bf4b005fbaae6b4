package audit

import (
	"maps"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/finding"
)

// Item is one line of the inventory: what there is, with its key facts. What
// is not known is empty, or "unknown".
type Item struct {
	// Kind is user, group, role, policy, access key or MFA device.
	Kind string `json:"kind"`
	Name string `json:"name"`
	ARN  string `json:"arn,omitempty"`
	ID   string `json:"id,omitempty"`
	// Of is the user that a key or device belongs to.
	Of      string    `json:"of,omitempty"`
	Created time.Time `json:"created,omitzero"`
	// Active is the date of the last use, as far as one is known.
	Active time.Time `json:"lastActive,omitzero"`
	State  string    `json:"state,omitempty"`
	MFA    string    `json:"mfa,omitempty"`
	// Attached counts the policies of an identity, or the identities that have
	// a policy; Members the users of a group.
	Attached int `json:"attached"`
	Members  int `json:"members"`
	// Owner is the value of the tag "owner", in any case.
	Owner   string `json:"owner,omitempty"`
	Account string `json:"account"`
}

// Inventory lists what the account has: users with their keys and devices,
// groups, roles, policies.
func (e *Evidence) Inventory() []Item {
	var out []Item
	activity := map[string]Activity{}
	for _, a := range e.Activities() {
		activity[a.ARN] = a
	}
	members := map[string]int{}
	people, _ := e.people()
	for _, p := range people {
		item := Item{Kind: "user", Name: p.name, ARN: p.arn, ID: p.id, MFA: p.devices()}
		item.Created, _ = p.created()
		item.last(activity[p.arn])
		if p.user != nil {
			item.Attached, item.Owner = len(p.user.Attached)+len(p.user.Inline), owner(p.user.Tags)
			for _, g := range p.user.Groups {
				members[g]++
			}
		}
		out = append(out, item)
		keys, _ := p.keys()
		for _, k := range keys {
			one := Item{Kind: "access key", Name: k.part, ID: k.id, Of: p.name, Created: k.made, State: "inactive"}
			if k.active {
				one.State = "active"
			}
			if k.used != nil {
				one.Active = *k.used
			}
			out = append(out, one)
		}
	}
	for i := range e.Groups {
		g := &e.Groups[i]
		out = append(out, Item{Kind: "group", Name: g.Name, ARN: g.ARN, ID: g.ID, Created: g.CreateDate, Attached: len(g.Attached) + len(g.Inline), Members: members[g.Name]})
	}
	for i := range e.Roles {
		r := &e.Roles[i]
		item := Item{Kind: "role", Name: r.Name, ARN: r.ARN, ID: r.ID, Created: r.CreateDate, Attached: len(r.Attached) + len(r.Inline), Owner: owner(r.Tags)}
		item.last(activity[r.ARN])
		out = append(out, item)
	}
	holders := e.holders()
	for i := range e.Policies {
		p := &e.Policies[i]
		out = append(out, Item{Kind: "policy", Name: p.Name, ARN: p.ARN, ID: p.ID, Created: p.CreateDate, Attached: len(holders[p.ARN]), Owner: owner(p.Tags)})
	}
	out = append(out, e.allDevices()...)
	for i := range out {
		out[i].Account = e.Account
	}
	return out
}

// last takes over what is known of an identity's activity.
func (i *Item) last(a Activity) {
	i.State = string(a.State)
	if a.Last != nil {
		i.Active = a.Last.At
	}
}

// devices says whether a user has MFA.
func (p person) devices() string {
	switch {
	case p.row == nil:
		return "unknown"
	case p.row.MFA.Yes():
		return "yes"
	case p.row.MFA.No():
		return "no"
	}
	return "unknown"
}

// allDevices lists the MFA devices: those read for each user, and the virtual
// ones.
func (e *Evidence) allDevices() []Item {
	var out []Item
	seen := map[string]bool{}
	add := func(d account.MFADevice, of string) {
		if seen[d.Serial] {
			return
		}
		seen[d.Serial] = true
		item := Item{Kind: "MFA device", Name: d.Serial, Of: of, State: d.Kind() + ", inactive"}
		if d.Enabled != nil {
			item.Created, item.State = *d.Enabled, d.Kind()
		}
		out = append(out, item)
	}
	for i := range e.Users {
		if devices := e.Users[i].MFADevices; devices != nil {
			for _, d := range devices.Value {
				add(d, e.Users[i].Name)
			}
		}
	}
	if e.VirtualMFA != nil {
		for _, d := range e.VirtualMFA.Value {
			of := d.User
			if a, err := account.ParseARN(d.User); err == nil {
				of = a.Name()
			}
			add(d, of)
		}
	}
	return out
}

func owner(tags map[string]string) string {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if strings.EqualFold(k, "owner") {
			return finding.Redact(tags[k])
		}
	}
	return ""
}
