package twin

import (
	"encoding/base64"
	"slices"
	"strings"
)

// page cuts the part of items that a list request asks for. Items are sorted
// by key; the marker names the last key given, so that a list which changes
// between two pages neither repeats nor skips what stays in it.
// IAM API Reference, ListUsers: MaxItems, Marker, IsTruncated.
func page[T any](c *call, items []T, key func(T) string, marker *string, max *int32) (part []T, next *string, truncated bool, err error) {
	slices.SortStableFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if marker != nil {
		last, ok := openMarker(c.operation, *marker)
		if !ok {
			return nil, nil, false, refuse(400, "ValidationError", "Invalid Marker: %s", *marker)
		}
		at, found := slices.BinarySearchFunc(items, last, func(x T, k string) int { return strings.Compare(key(x), k) })
		if found {
			at++
		}
		items = items[at:]
	}
	n := 100
	if max != nil {
		n = int(*max)
	}
	if p := c.t.faults.PageSize; p > 0 && p < n {
		n = p
	}
	if len(items) <= n {
		return items, nil, false, nil
	}
	items = items[:n]
	m := sealMarker(c.operation, key(items[n-1]))
	return items, &m, true, nil
}

func sealMarker(operation, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(operation + "\x00" + key))
}

// openMarker reads a marker; one of another operation is not accepted.
func openMarker(operation, marker string) (key string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(marker)
	if err != nil {
		return "", false
	}
	of, key, ok := strings.Cut(string(raw), "\x00")
	return key, ok && of == operation
}

// listed is what all lists begin with: the entities below a path.
func listed[T any](items []*T, prefix *string, path func(*T) string) []*T {
	if prefix == nil || *prefix == "/" {
		return items
	}
	var out []*T
	for _, x := range items {
		if strings.HasPrefix(path(x), *prefix) {
			out = append(out, x)
		}
	}
	return out
}
