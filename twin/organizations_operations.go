package twin

// organizationsOperations lists the operations of AWS Organizations that the
// twin serves.
func organizationsOperations() map[string]operation { return map[string]operation{} }
