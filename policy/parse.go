package policy

// Parse reads a policy that a person wrote.
func Parse(name string, data []byte) (*Document, error) { return &Document{Name: name}, nil }

// ParseStored reads a policy that AWS returned.
func ParseStored(name string, data []byte) (*Document, error) { return &Document{Name: name}, nil }
