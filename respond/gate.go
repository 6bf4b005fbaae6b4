package respond

// gate lets one through at a time, who may hold it while he waits for AWS. It
// is a channel and no mutex, so that virtual time (testing/synctest) goes on
// for those who stand before it.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

// Lock waits until nobody else is through.
func (g gate) Lock() { g <- struct{}{} }

// Unlock lets the next one through.
func (g gate) Unlock() { <-g }
