// Package architecture holds the rules of the source tree as data and checks
// the tree against them: which room may import which (rules 1 and 3 of
// docs/design.md), and which package may call which AWS operation (rule 2,
// one door for writes). Its tests fail the build when the tree breaks a rule,
// and prove on a small broken tree that they can fail.
package architecture

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Module is the import path of the tree that the rules are about.
const Module = "warden"

// Violation is one place in the tree that breaks a rule.
type Violation struct {
	Place string // file:line, or the package where there is no line
	Text  string // what is wrong and which rule says so
}

func (v Violation) String() string { return v.Place + ": " + v.Text }

// Tree is the source of the module, parsed and resolved. Tests are not part
// of it: they may call anything.
type Tree struct {
	packages []*packages.Package
	fset     *token.FileSet
	dir      string
}

// Load reads every package of the module in dir. It is an error when one of
// them does not compile, for then its calls cannot be resolved.
func Load(dir string) (*Tree, error) {
	fset := token.NewFileSet()
	pkgs, err := packages.Load(&packages.Config{
		Dir:  dir,
		Fset: fset,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo,
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", dir, err)
	}
	var broken []error
	for _, p := range pkgs {
		for _, e := range p.Errors {
			broken = append(broken, fmt.Errorf("%s: %w", p.PkgPath, e))
		}
	}
	return &Tree{packages: pkgs, fset: fset, dir: dir}, errors.Join(broken...)
}

// place names a position relative to the root of the tree.
func (t *Tree) place(pos token.Pos) string {
	p := t.fset.Position(pos)
	if rel, err := filepath.Rel(t.dir, p.Filename); err == nil {
		p.Filename = filepath.ToSlash(rel)
	}
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// room returns the path of a package below the module: "guard", "twin/wire".
func room(pkgPath string) (string, bool) {
	if pkgPath == Module {
		return "", true
	}
	return strings.CutPrefix(pkgPath, Module+"/")
}

// uses calls f for every identifier of a package that names a function or a
// method, whether it is called there or only passed on. Identifiers are
// visited in the order of the source.
func uses(p *packages.Package, f func(id *ast.Ident, fn *types.Func)) {
	for _, file := range p.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if fn, ok := p.TypesInfo.Uses[id].(*types.Func); ok {
				f(id, fn)
			}
			return true
		})
	}
}

func sortViolations(vs []Violation) []Violation {
	slices.SortFunc(vs, func(a, b Violation) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(vs)
}
