package report

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"warden/audit"
)

// Columns are those of the inventory, and what it can be sorted by.
var Columns = []string{"kind", "name", "id", "of", "created", "lastActive", "state", "mfa", "attached", "members", "owner", "account", "arn"}

// cells are the columns of an item.
func cells(i *audit.Item) []string {
	return []string{
		i.Kind, i.Name, i.ID, i.Of, onDay(i.Created), onDay(i.Active), i.State, i.MFA, strconv.Itoa(i.Attached), strconv.Itoa(i.Members), i.Owner, i.Account, i.ARN,
	}
}

func onDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// Sort orders an inventory by a column; items that are alike in it keep their
// order. "" changes nothing.
func Sort(items []audit.Item, column string) {
	at := slices.Index(Columns, column)
	if at < 0 {
		return
	}
	slices.SortStableFunc(items, func(a, b audit.Item) int {
		switch column {
		case "attached":
			return cmp.Compare(a.Attached, b.Attached)
		case "members":
			return cmp.Compare(a.Members, b.Members)
		case "created":
			return a.Created.Compare(b.Created)
		case "lastActive":
			return a.Active.Compare(b.Active)
		}
		return strings.Compare(cells(&a)[at], cells(&b)[at])
	})
}

// Inventory writes what an account has, in a form.
func Inventory(w io.Writer, f Form, items []audit.Item, o Options) error {
	switch f {
	case JSON:
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if items == nil {
			items = []audit.Item{}
		}
		return e.Encode(items)
	case CSV:
		c := csv.NewWriter(w)
		c.UseCRLF = true
		if err := c.Write(Columns); err != nil {
			return err
		}
		for i := range items {
			line := cells(&items[i])
			for j := range line {
				line[j] = safe(line[j])
			}
			if err := c.Write(line); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	case HTML:
		return inventoryHTML(w, items, o)
	case Markdown:
		_, err := io.WriteString(w, inventoryMarkdown(items))
		return err
	case Table:
		if o.Width == 0 {
			return inventoryTable(w, items, Columns[:len(Columns)-1], 0)
		}
		return byKind(w, items, o.Width)
	case Text:
		return byKind(w, items, letter)
	}
	return noForm(f)
}

// inventoryMarkdown leaves the ARN out, which the name and the kind stand for.
func inventoryMarkdown(items []audit.Item) string {
	var b strings.Builder
	head := Columns[:len(Columns)-1]
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for i := range items {
		line := cells(&items[i])[:len(head)]
		for j := range line {
			line[j] = escape(line[j])
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
	}
	return b.String()
}

// kinds are the kinds of items with the columns that say something of them,
// what matters most first: a narrow page has no room for the last.
var kinds = []struct {
	kind, title string
	columns     []string
}{
	{"user", "Users", []string{"name", "state", "lastActive", "created", "mfa", "attached", "owner", "id"}},
	{"access key", "Access keys", []string{"name", "of", "state", "lastActive", "created", "id"}},
	{"MFA device", "MFA devices", []string{"name", "of", "state", "created"}},
	{"group", "Groups", []string{"name", "members", "attached", "created", "id"}},
	{"role", "Roles", []string{"name", "state", "lastActive", "created", "attached", "owner", "id"}},
	{"policy", "Policies", []string{"name", "attached", "created", "owner", "id"}},
}

// byKind writes a table for each kind, no wider than width.
func byKind(w io.Writer, items []audit.Item, width int) error {
	between := ""
	several := slices.ContainsFunc(items, func(x audit.Item) bool { return x.Account != items[0].Account })
	for _, k := range kinds {
		var some []audit.Item
		for i := range items {
			if items[i].Kind == k.kind {
				some = append(some, items[i])
			}
		}
		if len(some) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s%s: %d\n", between, k.title, len(some)); err != nil {
			return err
		}
		between = "\n"
		columns := k.columns
		if several {
			columns = slices.Insert(slices.Clone(columns), 1, "account")
		}
		if err := inventoryTable(w, some, columns, width); err != nil {
			return err
		}
	}
	return nil
}

// inventoryTable writes columns as wide as their cells, and leaves out those
// in which nothing stands. With a width, long cells are cut, and the last
// columns left out, until the lines fit.
func inventoryTable(w io.Writer, items []audit.Item, columns []string, width int) error {
	const widest = 40
	var wide []int
	var shown []string
	used := 0
	for _, c := range columns {
		at := slices.Index(Columns, c)
		n := 0
		for i := range items {
			n = max(n, utf8.RuneCountInString(cells(&items[i])[at]))
		}
		if n == 0 {
			continue
		}
		if n = max(n, len(c)); width > 0 {
			n = min(n, widest)
			if len(shown) > 0 && used+n > width {
				break
			}
		}
		used += n + 2
		shown, wide = append(shown, c), append(wide, n)
	}
	var b strings.Builder
	row := func(cells []string) {
		var line strings.Builder
		for i, c := range cells {
			if width > 0 && utf8.RuneCountInString(c) > wide[i] {
				c = string([]rune(c)[:wide[i]-1]) + "…"
			}
			gap := wide[i] - utf8.RuneCountInString(c) + 2
			if shown[i] == "attached" || shown[i] == "members" {
				c, gap = strings.Repeat(" ", max(0, gap-2))+c, 2
			}
			line.WriteString(c + strings.Repeat(" ", max(0, gap)))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	row(shown)
	for i := range items {
		all := cells(&items[i])
		var line []string
		for _, c := range shown {
			line = append(line, clean(all[slices.Index(Columns, c)]))
		}
		row(line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
