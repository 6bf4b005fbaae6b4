package twin

type topics struct{}

func newTopics() *topics { return &topics{} }

func snsOperations() map[string]operation { return map[string]operation{} }
