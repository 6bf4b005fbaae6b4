package architecture

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// Room is one folder of the tree with everything below it. A package may
// import the rooms of a lower level and its own; nothing else of the module.
type Room struct {
	Path  string
	Level int
	// Only names the rooms that it may import, where that is fewer than every
	// room of a lower level.
	Only []string
	// Pure rooms take values and return values: no AWS SDK, no files, no
	// network, no environment, no clock.
	Pure bool
	// SDK rooms may import the AWS SDK.
	SDK bool
	Why string // one sentence: why the room stands where it stands
}

// sdk is the module prefix of the AWS SDK.
const sdk = "github.com/aws/aws-sdk-go-v2"

// impure are the packages that a pure room must not import. Below "net" only
// the two that are data types are allowed.
var impure = []string{"os", "net", "syscall", "log", "database/sql", "io/ioutil", "plugin", "crypto/rand"}

var pureExceptions = []string{"net/netip", "net/url", "net/mail"}

// clocks are the functions of package time that read the clock or wait.
var clocks = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true,
	"Tick": true, "NewTimer": true, "NewTicker": true,
}

// signer signs requests; who has it can call AWS without a client that the
// table of doors would see.
const signer = sdk + "/aws/signer/"

// CheckLayers compares the imports of the tree, and the pure rooms' use of the
// clock, with the table of rooms.
func (t *Tree) CheckLayers(rooms []Room) []Violation {
	var vs []Violation
	for _, p := range t.packages {
		path, ok := room(p.PkgPath)
		if !ok {
			continue
		}
		from := find(rooms, path)
		if from == nil {
			vs = append(vs, Violation{p.PkgPath, "is in no room: add it to the table of rooms with its reason"})
			continue
		}
		for _, file := range p.Syntax {
			for _, spec := range file.Imports {
				if text := from.refuses(rooms, strings.Trim(spec.Path.Value, `"`)); text != "" {
					vs = append(vs, Violation{t.place(spec.Pos()), text})
				}
			}
		}
		if !from.Pure {
			continue
		}
		uses(p, func(id *ast.Ident, fn *types.Func) {
			if fn.Pkg() != nil && fn.Pkg().Path() == "time" && fn.Signature().Recv() == nil && clocks[fn.Name()] {
				vs = append(vs, Violation{t.place(id.Pos()), fmt.Sprintf("%s uses time.%s: time comes in as a value here", from.Path, fn.Name())})
			}
		})
	}
	return sortViolations(vs)
}

// refuses says why the room must not import a package; "" when it may.
func (r *Room) refuses(rooms []Room, imported string) string {
	if path, ok := room(imported); ok {
		to := find(rooms, path)
		switch {
		case to == nil:
			return fmt.Sprintf("%s imports %s, which is in no room", r.Path, imported)
		case to.Path == r.Path:
			return ""
		case r.Only != nil && !contains(r.Only, to.Path):
			return fmt.Sprintf("%s imports %s, and may import only %s: %s", r.Path, imported, strings.Join(r.Only, ", "), r.Why)
		case to.Level >= r.Level:
			return fmt.Sprintf("%s (level %d) imports %s (level %d): imports go down only", r.Path, r.Level, imported, to.Level)
		}
		return ""
	}
	if !r.SDK && (imported == sdk || strings.HasPrefix(imported, sdk+"/")) {
		return fmt.Sprintf("%s imports %s: the AWS SDK is not for this room: %s", r.Path, imported, r.Why)
	}
	if strings.HasPrefix(imported, signer) && r.Path != "twin" {
		return fmt.Sprintf("%s imports %s: only clients of the SDK sign requests, so that every call can be seen", r.Path, imported)
	}
	if r.Pure && !contains(pureExceptions, imported) {
		for _, bad := range impure {
			if imported == bad || strings.HasPrefix(imported, bad+"/") {
				return fmt.Sprintf("%s imports %s: this room is pure: %s", r.Path, imported, r.Why)
			}
		}
	}
	return ""
}

// find returns the room whose path is the longest that holds the package.
func find(rooms []Room, path string) *Room {
	var best *Room
	for i, r := range rooms {
		if (path == r.Path || strings.HasPrefix(path, r.Path+"/")) && (best == nil || len(r.Path) > len(best.Path)) {
			best = &rooms[i]
		}
	}
	return best
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
