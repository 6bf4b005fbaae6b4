package audit

import "sync"

// All returns every control, in the order of the documentation. The list is
// built once; nobody changes it.
var All = sync.OnceValue(func() []*Control {
	list := []*Control{
		&rootUsed, &rootKeys, &rootMFA, &rootMFAHardware, &rootCentral,
		&userMFA, &userGroupsOnly, &userSetupKey, &userTwoKeys, &userInactive, &roleInactive,
		&credentialUnused, &keyAge,
		&passwordLength, &passwordReuse, &passwordUpper, &passwordLower, &passwordSymbol, &passwordDigit, &passwordExpiry, &passwordChange,
		&policyFullAdmin, &policyCloudShell, &roleSupport, &resourceAnyPrincipal,
		&certificateExpired, &analyzerExternal,
		&trailAllRegions, &trailValidation, &trailLogs, &trailKMS, &trailBucketPublic, &trailBucketLogging, &trailObjectWrites, &trailObjectReads,
		&configRecorder, &securityHub, &securityContact, &publicAccessBlock,
		&kmsRotation, &vpcFlowLogs, &instanceRoles,
	}
	list = append(list, &principalAdmin)
	for _, x := range excesses {
		list = append(list, x.control())
	}
	list = append(list, &principalWholeService, &principalEscalation)
	for _, m := range monitors {
		list = append(list, m.control())
	}
	list = append(list, byHand...)
	// A test reads the table, so the error cannot happen here.
	if maps, err := readTable(cisTable); err == nil {
		for _, c := range list {
			c.Maps = maps[c.ID]
		}
	}
	return list
})

// Find returns the control with the id, nil if there is none.
func Find(id string) *Control {
	for _, c := range All() {
		if c.ID == id {
			return c
		}
	}
	return nil
}
