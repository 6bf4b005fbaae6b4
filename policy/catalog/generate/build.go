package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The files of the package, as far as they are used.
type (
	action struct {
		Name          string   `json:"name"`
		AccessLevel   string   `json:"accessLevel"`
		ResourceTypes []use    `json:"resourceTypes"`
		ConditionKeys []string `json:"conditionKeys"`
		Dependent     []string `json:"dependentActions"`
	}
	use struct {
		Name          string   `json:"name"`
		Required      bool     `json:"required"`
		ConditionKeys []string `json:"conditionKeys"`
		Dependent     []string `json:"dependentActions"`
	}
	resourceType struct {
		Key           string   `json:"key"`
		ARN           string   `json:"arn"`
		ConditionKeys []string `json:"conditionKeys"`
	}
	conditionKey struct {
		Key  string `json:"key"`
		Type string `json:"type"`
	}
)

// levels are the access levels with the letter that stands for each. Tagging
// and permissions management are kinds of writing.
var levels = map[string]byte{
	"List": 'L', "Read": 'R', "Write": 'W', "Tagging, Write": 'T', "Tagging": 'T',
	"Permissions management, Write": 'P', "Permissions management": 'P',
}

// build turns the package into the compressed catalog; package catalog
// describes the form. It also returns the licence.
func build(p pin, tarball []byte) (compressed, licence []byte, err error) {
	files, err := unpack(tarball)
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "V\t%s\t%s\n", p.Version, date(p.Version))
	if err := global(&out, files["dist/esm/globalConditionKeys.js"]); err != nil {
		return nil, nil, err
	}
	var services, rcp []string
	var names map[string]string
	err = errors.Join(
		decode(files, "data/services.json", &services),
		decode(files, "data/rcpSupportedServices.json", &rcp),
		decode(files, "data/serviceNames.json", &names),
	)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(services)
	for _, s := range services {
		fmt.Fprintf(&out, "S\t%s\t%s\t%t\n", s, names[s], slices.Contains(rcp, s))
		if err := service(&out, files, s); err != nil {
			return nil, nil, fmt.Errorf("service %s: %w", s, err)
		}
	}
	licence = files["LICENSE.txt"]
	if !bytes.Contains(licence, []byte("MIT License")) {
		return nil, nil, errors.New("LICENSE.txt is not the MIT licence: read it before using the package")
	}
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, nil, err
	}
	if _, err = z.Write(out.Bytes()); err == nil {
		err = z.Close()
	}
	return zipped.Bytes(), append(bytes.TrimSpace(licence), '\n'), err
}

// date reads the date that the version ends in: 0.21.202609261 was the first
// of 26 September 2026.
func date(version string) string {
	d := version[strings.LastIndexByte(version, '.')+1:]
	if len(d) < 8 {
		return ""
	}
	return d[:4] + "-" + d[4:6] + "-" + d[6:8]
}

var globalKey = regexp.MustCompile(`key: '([^']+)',\s*category: '[^']*',\s*type: '([^']+)'`)

// global writes the global condition keys, which the package holds as code.
func global(out *bytes.Buffer, code []byte) error {
	found := globalKey.FindAllSubmatch(code, -1)
	if len(found) < 40 {
		return fmt.Errorf("only %d global condition keys found: the package has changed its form", len(found))
	}
	for _, m := range found {
		fmt.Fprintf(out, "K\t%s\t%s\n", m[1], m[2])
	}
	return nil
}

// service writes one service. Resource types and keys are referred to by their
// number in the service.
func service(out *bytes.Buffer, files map[string][]byte, name string) error {
	var actions map[string]action
	var types map[string]resourceType
	var keys map[string]conditionKey
	err := errors.Join(
		decode(files, "data/actions/"+name+".json", &actions),
		decode(files, "data/resourceTypes/"+name+".json", &types),
		decode(files, "data/conditionKeys/"+name+".json", &keys),
	)
	if err != nil {
		return err
	}
	keyNumber := map[string]int{}
	for i, k := range sorted(keys) {
		keyNumber[k] = i
		fmt.Fprintf(out, "K\t%s\t%s\n", keys[k].Key, keys[k].Type)
	}
	numbers := func(list []string, sep string) string {
		var text []string
		for _, k := range list {
			n, ok := keyNumber[strings.ToLower(k)]
			if !ok {
				err = errors.Join(err, fmt.Errorf("the condition key %s is used and not described", k))
			}
			text = append(text, strconv.Itoa(n))
		}
		return strings.Join(text, sep)
	}
	typeNumber := map[string]int{}
	for i, k := range sorted(types) {
		t := types[k]
		typeNumber[t.Key] = i
		fmt.Fprintf(out, "R\t%s\t%s\t%s\n", t.Key, t.ARN, numbers(t.ConditionKeys, ","))
	}
	for _, k := range sorted(actions) {
		a := actions[k]
		level, ok := levels[a.AccessLevel]
		if !ok {
			return fmt.Errorf("action %s has the unknown access level %q", a.Name, a.AccessLevel)
		}
		var uses []string
		dependent := slices.Clone(a.Dependent)
		for _, u := range a.ResourceTypes {
			n, ok := typeNumber[u.Name]
			if !ok {
				return fmt.Errorf("action %s has the unknown resource type %s", a.Name, u.Name)
			}
			text := strconv.Itoa(n)
			if u.Required {
				text += "!"
			}
			if len(u.ConditionKeys) > 0 {
				text += "/" + numbers(u.ConditionKeys, ".")
			}
			uses = append(uses, text)
			dependent = append(dependent, u.Dependent...)
		}
		slices.Sort(dependent)
		fmt.Fprintf(out, "A\t%s\t%c\t%s\t%s\t%s\n", a.Name, level, strings.Join(uses, ","),
			numbers(a.ConditionKeys, ","), strings.Join(slices.Compact(dependent), ","))
	}
	return err
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// decode reads one JSON file; one that is missing is empty.
func decode(files map[string][]byte, name string, into any) error {
	data, ok := files[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// maxUnpacked bounds what a package may unpack to.
const maxUnpacked = 100 << 20

// unpack reads the files of an npm package.
func unpack(tarball []byte) (map[string][]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	t := tar.NewReader(io.LimitReader(z, maxUnpacked))
	files := map[string][]byte{}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(h.Name, "package/")] = data
	}
}
