package policy

type statement struct{}

// Evaluate decides req under p.
func Evaluate(req Request, p Policies) Result { return Result{} }

// Decide is Evaluate without the evidence.
func Decide(req *Request, p *Policies) Decision { return ImplicitlyDenied }
