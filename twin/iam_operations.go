package twin

import "maps"

// iamOperations lists the operations of IAM that the twin serves.
func iamOperations() map[string]operation {
	all := map[string]operation{}
	for _, part := range []map[string]operation{
		userOperations(), groupOperations(), roleOperations(), policyOperations(), attachmentOperations(), inlineOperations(),
		boundaryOperations(), keyOperations(), passwordOperations(), tagOperations(), accountOperations(),
		profileOperations(), mfaOperations(), credentialOperations(), serviceCredentialOperations(), providerOperations(), simulateOperations(), reportOperations(), lastAccessedOperations(),
	} {
		maps.Copy(all, part)
	}
	return all
}
