package twin

func stsOperations() map[string]operation { return map[string]operation{} }
