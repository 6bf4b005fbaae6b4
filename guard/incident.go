package guard

import "warden/trail"

// IncidentOf is the id of the incident under which all calls of a caller in an
// account come together.
func IncidentOf(account string, by trail.Actor) string { return incident(account, by, Subject(by), "") }
