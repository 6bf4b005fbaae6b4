package twin

// quotas are the limits of an account. Copies of AWS's documentation disagree
// and AWS raises some on request, so that they are values.
// IAM User Guide, "IAM and AWS STS quotas".
type quotas struct {
	users, groups, roles, policies int
	groupsPerUser                  int
	keysPerUser                    int
	versionsPerPolicy              int
	attachedPerUser                int
	attachedPerGroup               int
	attachedPerRole                int
	tags                           int
	profiles                       int
	mfaPerUser                     int
	sshKeysPerUser, certsPerUser   int
	credentialsPerService          int // for each user and service
	oidcProviders, samlProviders   int
	clientIDs                      int // for each OIDC provider

	// Sizes in characters, white space not counted. Inline policies count
	// together.
	inlineUser, inlineGroup, inlineRole int
	managedPolicy, trustPolicy          int
	sessionPolicy, sessionPolicyARNs    int
}

func defaultQuotas() quotas {
	return quotas{
		users: 5000, groups: 300, roles: 1000, policies: 1500,
		groupsPerUser: 10, keysPerUser: 2, versionsPerPolicy: 5,
		attachedPerUser: 10, attachedPerGroup: 10, attachedPerRole: 10,
		tags:     50,
		profiles: 1000, mfaPerUser: 8, sshKeysPerUser: 5, certsPerUser: 2, credentialsPerService: 2,
		oidcProviders: 100, samlProviders: 100, clientIDs: 100,
		inlineUser: 2048, inlineGroup: 5120, inlineRole: 10240,
		managedPolicy: 6144, trustPolicy: 2048,
		sessionPolicy: 2048, sessionPolicyARNs: 10,
	}
}

// size counts the characters of a policy as the quotas do: without white
// space.
func size(document string) int {
	n := 0
	for _, c := range document {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			n++
		}
	}
	return n
}
