package twin

func cloudtrailOperations() map[string]operation { return map[string]operation{} }
