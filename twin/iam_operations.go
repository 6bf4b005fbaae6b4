package twin

func iamOperations() map[string]operation { return map[string]operation{} }
