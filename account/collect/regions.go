package collect

import "context"

// Regional are the clients of one region.
type Regional struct{}

func (r *reader) regions(context.Context) {}
