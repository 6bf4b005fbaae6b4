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
