package twin

type bus struct{}

func newBus(*Twin, int64) *bus { return &bus{} }

func eventsOperations() map[string]operation { return map[string]operation{} }
