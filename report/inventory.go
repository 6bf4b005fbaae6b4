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
func Inventory(w io.Writer, f Form, items []audit.Item) error {
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
		return inventoryHTML(w, items)
	case Markdown, Table:
		_, err := io.WriteString(w, lines(f, items))
		return err
	}
	return noForm(f)
}

// lines are the forms for people: the ARN is left out, which the name and the
// kind stand for.
func lines(f Form, items []audit.Item) string {
	var b strings.Builder
	head := Columns[:len(Columns)-1]
	if f == Markdown {
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
	const form = "%-10s %-32s %-22s %-20s %-10s %-10s %-9s %-7s %8s %7s %-20s %s\n"
	row := func(c []string) {
		fmt.Fprintf(&b, form, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11])
	}
	row(head)
	for i := range items {
		line := cells(&items[i])
		for j := range line {
			line[j] = clean(line[j])
		}
		row(line)
	}
	return b.String()
}
