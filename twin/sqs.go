package twin

type queues struct{}

func newQueues() *queues { return &queues{} }

func sqsOperations() map[string]operation { return map[string]operation{} }
