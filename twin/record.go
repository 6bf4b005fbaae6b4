package twin

// recordResource is an entry of a record's resources.
type recordResource struct {
	account, kind, arn string
}

const maxRecords = 100_000

type records struct{}

func newRecords(int) *records { return &records{} }
