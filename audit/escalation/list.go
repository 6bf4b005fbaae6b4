package escalation

import "slices"

// Catalogue returns every path, in the order of the documentation. Ids and
// permissions are after pathfinding.cloud (DataDog, Apache-2.0), what they give
// after the AWS documentation of each action.
func Catalogue() []*Path {
	return slices.Concat(selfPaths, principalPaths, raisePaths, servicePaths)
}

// Lookup returns the path with the id, nil if there is none.
func Lookup(id string) *Path {
	for _, p := range Catalogue() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// NotConsidered is what no answer takes into account, for people to read,
// beside what package authorize leaves out.
var NotConsidered = []string{
	"what a group gives that does not make an administrator of who joins it, together with what he has",
	"taking away statements that deny, and changing policies of resources",
	"OpenID Connect providers, IAM Identity Center and Roles Anywhere",
	"what data or credentials somebody finds with what he may read",
	"which functions, instances, stacks and the like exist, and what roles they have",
}
