package architecture

import (
	"fmt"
	"go/ast"
	"go/types"
	"path"
	"strings"
)

// Door allows one package to call some operations of one AWS service.
type Door struct {
	Package    string // below the module; it opens for this package alone
	Files      string // pattern of file names that it is limited to; "" is every file
	Service    string // as the SDK names its package: iam, sts, sqs
	Operations []string
	Why        string // one sentence: why this package makes these calls
	// Staged marks calls that only ever go to the twin or another emulator:
	// the demo's intruder, the benchmark's load.
	Staged bool
}

// writer is the one room whose doors may change identities and guardrails.
const writer = "change/apply"

// helpers of the SDK call operations of their own accord.
var hiddenCalls = map[string]call{
	sdk + "/credentials/stscreds.NewAssumeRoleProvider":      {"sts", "AssumeRole"},
	sdk + "/credentials/stscreds.NewWebIdentityRoleProvider": {"sts", "AssumeRoleWithWebIdentity"},
}

type call struct{ service, operation string }

// CheckDoors resolves every use of an operation of the AWS SDK in the tree and
// compares it with the table: a method of a service client, a paginator or
// waiter made for an operation, or a method of an interface that a package
// declares to hide the client, since its parameter is still the operation's
// Input. It reports calls that have no door, doors that nothing uses, and
// doors that let a package other than change/apply change identities.
func (t *Tree) CheckDoors(doors []Door) []Violation {
	var vs []Violation
	used := map[string]bool{}
	for _, d := range doors {
		for _, op := range d.Operations {
			if changesIdentities(call{d.Service, op}) && d.Package != writer && !d.Staged {
				vs = append(vs, Violation{"table of doors", fmt.Sprintf("%s may call %s:%s, which changes identities or guardrails: only %s does", d.Package, d.Service, op, writer)})
			}
		}
		if d.Staged && !isStage(d) {
			vs = append(vs, Violation{"table of doors", fmt.Sprintf("%s %s is no place that only ever reaches an emulator", d.Package, d.Files)})
		}
		if d.Why == "" {
			vs = append(vs, Violation{"table of doors", fmt.Sprintf("%s %s: say why", d.Package, d.Service)})
		}
	}
	for _, p := range t.packages {
		pkg, ok := room(p.PkgPath)
		if !ok {
			continue
		}
		uses(p, func(id *ast.Ident, fn *types.Func) {
			if fn.Pkg() != nil && fn.Pkg().Path() == "reflect" && (fn.Name() == "MethodByName" || fn.Name() == "Method") {
				vs = append(vs, Violation{t.place(id.Pos()), "reflect." + fn.Name() + " can call what no table sees"})
				return
			}
			c, ok := operation(fn)
			if !ok {
				return
			}
			file := path.Base(strings.Split(t.place(id.Pos()), ":")[0])
			if key := door(doors, pkg, file, c); key != "" {
				used[key] = true
				return
			}
			vs = append(vs, Violation{t.place(id.Pos()), fmt.Sprintf("%s calls %s:%s, which the table of doors does not give it", pkg, c.service, c.operation)})
		})
	}
	for _, d := range doors {
		for _, op := range d.Operations {
			if !used[key(d, op)] {
				vs = append(vs, Violation{"table of doors", fmt.Sprintf("%s %s has a door to %s:%s and does not use it", d.Package, d.Files, d.Service, op)})
			}
		}
	}
	return sortViolations(vs)
}

// isStage reports whether a door stands where nothing but a twin or another
// emulator can be reached: the demo's files, its stage, the benchmarks.
func isStage(d Door) bool {
	return d.Package == "internal/stage" || strings.HasPrefix(d.Package, "bench/") || strings.HasPrefix(d.Files, "demo")
}

func key(d Door, op string) string { return d.Package + "|" + d.Files + "|" + d.Service + "|" + op }

// door returns the key of the door that a call goes through, or "".
func door(doors []Door, pkg, file string, c call) string {
	for _, d := range doors {
		if d.Package != pkg || d.Service != c.service || !contains(d.Operations, c.operation) {
			continue
		}
		if ok, err := path.Match(d.Files, file); d.Files == "" || (err == nil && ok) {
			return key(d, c.operation)
		}
	}
	return ""
}

// operation tells which AWS operation a function calls: that of its Input
// parameter. A function of the module that has a body is not one, for its
// body is looked at itself.
func operation(fn *types.Func) (call, bool) {
	if fn.Pkg() == nil {
		return call{}, false
	}
	if c, ok := hiddenCalls[fn.Pkg().Path()+"."+fn.Name()]; ok {
		return c, true
	}
	sig := fn.Signature()
	if _, ours := room(fn.Pkg().Path()); ours && !abstract(sig) {
		return call{}, false
	}
	for v := range sig.Params().Variables() {
		if c, ok := input(v.Type()); ok {
			return c, true
		}
	}
	return call{}, false
}

// abstract reports whether a function is a method of an interface.
func abstract(sig *types.Signature) bool {
	return sig.Recv() != nil && types.IsInterface(sig.Recv().Type())
}

// input recognizes *SERVICE.OPERATIONInput of the SDK.
func input(t types.Type) (call, bool) {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return call{}, false
	}
	named, ok := types.Unalias(ptr.Elem()).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return call{}, false
	}
	service, ok := strings.CutPrefix(named.Obj().Pkg().Path(), sdk+"/service/")
	if !ok || strings.Contains(service, "/") {
		return call{}, false
	}
	op, ok := strings.CutSuffix(named.Obj().Name(), "Input")
	return call{service, op}, ok
}

// changesIdentities reports whether an operation changes who may do what: all
// of IAM and Organizations that does not read.
func changesIdentities(c call) bool {
	if c.service != "iam" && c.service != "organizations" {
		return false
	}
	for _, read := range []string{"Get", "List", "Describe", "Generate", "Simulate"} {
		if strings.HasPrefix(c.operation, read) {
			return false
		}
	}
	return true
}
