package collect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Calls counts the requests to AWS by operation, retries included. The zero
// value is ready; it is safe for concurrent use.
type Calls struct {
	mu sync.Mutex
	by map[string]int
}

// Count is for the API options of a configuration: it counts what goes out.
func (c *Calls) Count(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("CountCalls",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			c.add(awsmiddleware.GetServiceID(ctx) + ":" + awsmiddleware.GetOperationName(ctx))
			return next.HandleFinalize(ctx, in)
		}), "Retry", middleware.After)
}

func (c *Calls) add(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.by[operation]++
}

// Total is how many there were.
func (c *Calls) Total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.by {
		n += k
	}
	return n
}

// String lists the operations with their numbers, the most frequent first.
func (c *Calls) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, op := range slices.SortedFunc(maps.Keys(c.by), func(a, b string) int {
		if c.by[a] != c.by[b] {
			return c.by[b] - c.by[a]
		}
		return strings.Compare(a, b)
	}) {
		out = append(out, fmt.Sprintf("%s %d", op, c.by[op]))
	}
	return strings.Join(out, ", ")
}
