package guard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/guard/detect"
	"warden/trail"
)

// AdminChange is what an event did to the set of administrators: it made
// somebody one, or took that away.
type AdminChange struct {
	// User, Role or Group is the name of whom it was done to; a Group stands
	// for each of its members. Names in events are as the caller wrote them.
	User, Role, Group string
	// Way is what makes him an administrator: "group Administrators", "tag
	// duty=iam", "role arn:…".
	Way     string
	Removed bool
}

// String says in words what was done.
func (a AdminChange) String() string {
	whom := "user " + a.User
	switch {
	case a.Role != "":
		whom = "role " + a.Role
	case a.Group != "":
		whom = "every member of group " + a.Group
	}
	if a.Removed {
		return fmt.Sprintf("%s is no administrator any more (%s)", whom, a.Way)
	}
	return fmt.Sprintf("%s was made an administrator (%s)", whom, a.Way)
}

// Rule names what makes an administrator by this configuration, whatever the
// order in which it is written: what is remembered of administrators under
// one rule says nothing under another.
func (c Config) Rule() string {
	groups := []string{}
	for _, g := range c.Groups() {
		groups = append(groups, strings.ToLower(g))
	}
	roles := slices.Clone(c.AdminRoles)
	slices.Sort(groups)
	slices.Sort(roles)
	tag := ""
	if c.AdminTag.Key != "" {
		tag = c.AdminTag.Key + "=" + c.AdminTag.Value
	}
	return fmt.Sprintf("groups %q, roles %q, tag %q", slices.Compact(groups), slices.Compact(roles), tag)
}

// AdminChanges says what a call did to the set of administrators; nil for a
// call that failed, and for all that have nothing to do with it. Deleting a
// user, role or group is none: nobody is left to act.
func (c Config) AdminChanges(e *trail.Event) []AdminChange {
	if e.Failed() || detect.Source(e.Source) != detect.IAM {
		return nil
	}
	group := e.RequestString("groupName")
	switch e.Name {
	case "AddUserToGroup", "RemoveUserFromGroup":
		if user := e.RequestString("userName"); user != "" && containsFold(c.Groups(), group) {
			return []AdminChange{{User: user, Way: "group " + group, Removed: e.Name == "RemoveUserFromGroup"}}
		}
	case "UpdateGroup":
		return c.renamed(group, e.RequestString("newGroupName"))
	case "CreateRole":
		return slices.Concat(c.roleMade(e), c.tagged(e, AdminChange{Role: e.RequestString("roleName")}, false))
	case "CreateUser":
		return c.tagged(e, AdminChange{User: e.RequestString("userName")}, false)
	case "TagUser", "UntagUser":
		return c.tagged(e, AdminChange{User: e.RequestString("userName")}, true)
	case "TagRole", "UntagRole":
		return c.tagged(e, AdminChange{Role: e.RequestString("roleName")}, true)
	}
	return nil
}

func (c Config) renamed(from, to string) []AdminChange {
	was, is := containsFold(c.Groups(), from), containsFold(c.Groups(), to)
	switch {
	case to == "" || was == is:
		return nil
	case is:
		return []AdminChange{{Group: to, Way: "group " + to}}
	}
	return []AdminChange{{Group: to, Way: "group " + from, Removed: true}}
}

func (c Config) roleMade(e *trail.Event) []AdminChange {
	name := e.RequestString("roleName")
	path := first(e.RequestString("path"), "/")
	for _, arn := range c.AdminRoles {
		if a, err := account.ParseARN(arn); err == nil && a.Resource == "role"+path+name {
			return []AdminChange{{Role: name, Way: "role " + arn}}
		}
	}
	return nil
}

// tagged looks for the administrators' tag among the tags that a call sets or
// takes away. existed says that whom it is done to had been there before, so
// that another value takes the tag away.
func (c Config) tagged(e *trail.Event, who AdminChange, existed bool) []AdminChange {
	if c.AdminTag.Key == "" || who == (AdminChange{}) {
		return nil
	}
	var request struct {
		Tags []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"tags"`
		TagKeys []string `json:"tagKeys"`
	}
	if json.Unmarshal(e.Request, &request) != nil {
		return nil // the request is null, or not what IAM takes
	}
	who.Way = "tag " + c.AdminTag.Key + "=" + c.AdminTag.Value
	for _, t := range request.Tags {
		if t.Key == c.AdminTag.Key && t.Value == c.AdminTag.Value {
			return []AdminChange{who}
		}
		if existed && strings.EqualFold(t.Key, c.AdminTag.Key) {
			who.Removed = true
			return []AdminChange{who}
		}
	}
	for _, key := range request.TagKeys {
		if strings.EqualFold(key, c.AdminTag.Key) {
			who.Removed = true
			return []AdminChange{who}
		}
	}
	return nil
}
