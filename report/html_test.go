package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	snapshot "warden/account"
	"warden/audit"
	"warden/finding"
	"warden/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// run is what hostile names would have a browser do: it leaves a trace.
const run = `document.documentElement.setAttribute('data-ran','')`

// hostile are names that an intruder would choose, or that nobody thought of.
var hostile = []string{
	"</script><script>" + run + "</script>", "<img src=x onerror=" + run + ">", `"><svg onload=` + run + ">", "' onmouseover='" + run, "</noscript><img src=x onerror=" + run + ">",
	"<!--<script>", "]]></style><script>" + run + "</script>", "\u202egnp.exe", "a\x1b[31m\x00\n\r\u2028b", "javascript:" + run, "{{.}}${" + run + "}`", "__proto__", "constructor",
	"שלום", "名前 👩", strings.Repeat("x", 10000), "&lt;b&gt;", `\u003cscript>` + run,
}

// planted is an account in which every name is n.
func planted(n string) *audit.Evidence {
	arn := func(kind string) string { return "arn:aws:iam::" + account + ":" + kind + "/" + n }
	all := json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["iam:CreateAccessKey","iam:PassRole","lambda:*","secretsmanager:GetSecretValue"],"Resource":"*"}]}`)
	s := &snapshot.Snapshot{Version: 1, Account: account, Partition: "aws", Alias: n, CollectedAt: now}
	s.Policies = []snapshot.ManagedPolicy{{Name: n, ARN: arn("policy"), ID: n, Tags: map[string]string{"owner": n}, Versions: []snapshot.PolicyVersion{{ID: n, Default: true, Document: json.RawMessage(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)}}}}
	s.Groups = []snapshot.Group{{Name: n, ARN: arn("group"), ID: n, Attached: []string{arn("policy")}}}
	s.Users = []snapshot.User{
		{Name: n, ARN: arn("user"), ID: n, CreateDate: now.AddDate(-1, 0, 0), Inline: []snapshot.InlinePolicy{{Name: n, Document: all}}, Tags: map[string]string{"Owner": n},
			AccessKeys: []snapshot.AccessKey{{ID: n, Active: true, CreateDate: now.AddDate(-1, 0, 0), LastUsed: &snapshot.KeyUse{Date: now.AddDate(0, -6, 0), Region: n, Service: n}}},
			UserFacts:  snapshot.UserFacts{MFADevices: &snapshot.Fact[[]snapshot.MFADevice]{Value: []snapshot.MFADevice{{Serial: n, User: arn("user")}}}}},
		{Name: n + "2", ARN: arn("user") + "2", ID: n + "2", CreateDate: now.AddDate(-1, 0, 0), Groups: []string{n}, Boundary: arn("policy")},
	}
	s.Roles = []snapshot.Role{{Name: n, ARN: arn("role"), ID: n, CreateDate: now.AddDate(-1, 0, 0), Attached: []string{arn("policy")}, LastUsed: &snapshot.RoleUse{Date: now.AddDate(0, 0, -3), Region: n},
		Trust: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}}
	s.Regions = []snapshot.Region{{Name: n}}
	s.Gaps = []snapshot.Gap{{What: "iam:ListServerCertificates", Reason: n}, {What: "iam:GetLoginProfile", Subject: n, Reason: n}}
	return audit.NewEvidence(s, now)
}

// pageOf audits an account, adds what Run does not make, and writes the page.
func pageOf(t *testing.T, e *audit.Evidence, n string, only ...string) string {
	t.Helper()
	r := audit.Run(e, audit.Selection{Only: only})
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Status == finding.Fail && f.Exempt == nil {
			f.Exempt = &finding.Exempt{Reason: n, Owner: n, Expires: now.AddDate(1, 0, 0)}
			break
		}
	}
	gone := r.Findings[0]
	gone.ID, gone.Control, gone.Title, gone.Summary, gone.Subject = "F-"+n, n, n, n, n
	d := &audit.Diff{New: r.Findings[:1], Changed: []audit.Change{{Before: gone, After: r.Findings[1]}}, Gone: []finding.Finding{gone}}
	var b bytes.Buffer
	if err := report.Write(&b, report.HTML, r, report.Options{Evidence: e, Since: d}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// program matches the page's own style and program, which are no markup.
var program = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*</script>`)

// inspect parses a page as strictly as XML, and finds what could run or load
// something.
func inspect(t *testing.T, name, text string) {
	t.Helper()
	scripts := 0
	for d := xml.NewDecoder(strings.NewReader(program.ReplaceAllString(text, "<script></script>"))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%.40q: %v", name, err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "script":
			scripts++
		case "img", "iframe", "object", "embed", "link", "base", "form", "style", "foreignObject", "image", "use", "animate", "set":
			t.Errorf("%.40q: an element %s", name, e.Name.Local)
		}
		for _, a := range e.Attr {
			key := strings.ToLower(a.Name.Local)
			if strings.HasPrefix(key, "on") || key == "src" || key == "style" || key == "srcset" || key == "formaction" || key == "href" && !strings.HasPrefix(a.Value, "#") {
				t.Errorf("%.40q: <%s %s=%.80q>", name, e.Name.Local, key, a.Value)
			}
		}
	}
	if scripts != 3 { // the style's place, the data, the program
		t.Errorf("%.40q: %d scripts", name, scripts)
	}
	if strings.ContainsAny(text, "\x1b\x00\r") || strings.ContainsRune(text, 0x202e) {
		t.Errorf("%.40q: characters that a reader obeys", name)
	}
	_, data, _ := strings.Cut(text, `id="data">`)
	data, _, _ = strings.Cut(data, "</script>")
	if strings.ContainsAny(data, "<>") {
		t.Errorf("%.40q: markup in the data", name)
	}
	var value struct {
		Texts    []string
		Findings struct{ ID []string }
		Ways     []struct{ Steps []struct{ Path int } }
	}
	if err := json.Unmarshal([]byte(data), &value); err != nil || len(value.Findings.ID) < 20 || len(value.Texts) < 50 {
		t.Errorf("%.40q: %v: %d findings, %d texts", name, err, len(value.Findings.ID), len(value.Texts))
	}
	if len(value.Ways) == 0 {
		t.Errorf("%.40q: nobody escalates: nothing was planted", name)
	}
}

// Whatever names there are, they are text.
func TestHTMLOfHostileNames(t *testing.T) {
	t.Parallel()
	for _, n := range hostile {
		inspect(t, n, pageOf(t, planted(n), n))
	}
}

// The policy of the page names its style and program by hash, and the program
// makes no markup of text.
func TestHTMLPolicy(t *testing.T) {
	t.Parallel()
	text := pageOf(t, planted("ann"), "ann")
	sum := func(from, to string) string {
		t.Helper()
		_, rest, ok := strings.Cut(text, from)
		if !ok {
			t.Fatalf("no %s", from)
		}
		code, _, _ := strings.Cut(rest, to)
		h := sha256.Sum256([]byte(code))
		return "&#39;sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "&#39;"
	}
	want := `<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; script-src ` + sum("<script>", "</script>") + "; style-src " + sum("<style>", "</style>") +
		"; base-uri &#39;none&#39;; form-action &#39;none&#39;; require-trusted-types-for &#39;script&#39;; trusted-types &#39;none&#39;\"/>"
	if !strings.Contains(text, want) {
		t.Errorf("no %s in\n%.900s", want, text)
	}
	var b bytes.Buffer
	if err := report.WriteIndex(&b, entries(), nil); err != nil {
		t.Fatal(err)
	}
	text = b.String()
	if want := "script-src " + sum("<script>", "</script>") + "; style-src " + sum("<style>", "</style>") + "; base-uri"; !strings.Contains(text, want) {
		t.Errorf("index: no %s in\n%.900s", want, text)
	}
	for _, name := range []string{"html/page.js", "html/index.js"} {
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "DOMParser", "createContextualFragment", "fetch(", "XMLHttpRequest", "import(", "</script"} {
			if bytes.Contains(code, []byte(bad)) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
}

// TestHTMLGolden shows the page of a small account and some questions, without
// its style and program.
func TestHTMLGolden(t *testing.T) {
	t.Parallel()
	only := []string{"account.contact", "key.age", "policy.full-admin", "principal.escalation", "root.keys", "role.inactive", "user.mfa"}
	text := program.ReplaceAllString(pageOf(t, planted("ann"), "ann", only...), "<!-- html/page.* -->")
	text = regexp.MustCompile(`sha256-[^&]*&#39;`).ReplaceAllString(text, "sha256-...&#39;")
	const path = "testdata/page.html"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("%s is stale (%v): go test ./report -run Golden -update", path, err)
	}
}

// Without the program of the page all failures and unknowns stand in it.
func TestHTMLWithoutProgram(t *testing.T) {
	t.Parallel()
	e := planted("ann")
	r := audit.Run(e, audit.Selection{})
	var b bytes.Buffer
	if err := report.Write(&b, report.HTML, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	_, static, _ := strings.Cut(b.String(), "<noscript>")
	static, _, _ = strings.Cut(static, "</noscript>")
	if got, want := strings.Count(static, "<bdi>"), r.Count(finding.Fail, false)+r.Count(finding.Unknown, false); got != want || want < 20 {
		t.Errorf("%d names for %d findings", got, want)
	}
	if !strings.Contains(static, "Failures: ") || !strings.Contains(static, "Nobody who is no administrator can become one") {
		t.Errorf("%.2000s", static)
	}
}

// TestHTMLSize writes the page of 500 users, 200 roles, 50 groups and 300
// policies, with every answer and fact in it: at most 2 MB.
func TestHTMLSize(t *testing.T) {
	t.Parallel()
	s := planted("ann").Snapshot
	s.CredentialReport = &snapshot.CredentialReport{Evidence: snapshot.Evidence{Source: "iam:GetCredentialReport", At: now}}
	arn := func(kind, name string) string { return "arn:aws:iam::" + account + ":" + kind + "/" + name }
	none := snapshot.ReportedKey{Active: "false", LastRotated: snapshot.Word("N/A"), LastUsed: snapshot.Word("N/A")}
	for i := range 500 {
		name := fmt.Sprintf("firstname.lastname-%04d", i)
		at := func(days int) snapshot.Moment { return snapshot.On(now.AddDate(0, 0, -days)) }
		s.Users = append(s.Users, snapshot.User{Name: name, ARN: arn("user", name), ID: fmt.Sprintf("AIDAEXAMPLE%010d", i), CreateDate: now.AddDate(-2, 0, -i), Groups: []string{fmt.Sprintf("team-%02d", i%50)}})
		s.CredentialReport.Rows = append(s.CredentialReport.Rows, snapshot.CredentialRow{User: name, ARN: arn("user", name), Created: at(800), PasswordEnabled: "true", PasswordLastUsed: at(i), PasswordLastChanged: at(700), MFA: "false",
			Keys: [2]snapshot.ReportedKey{{Active: "true", LastRotated: at(i + 3), LastUsed: at(i % 97)}, none}})
	}
	for i := range 300 {
		name := fmt.Sprintf("team-policy-%03d", i)
		s.Policies = append(s.Policies, snapshot.ManagedPolicy{Name: name, ARN: arn("policy", name), ID: fmt.Sprintf("ANPAEXAMPLE%010d", i), CreateDate: now.AddDate(-1, 0, 0),
			Versions: []snapshot.PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","iam:CreateAccessKey"],"Resource":"*"}]}`)}}})
	}
	for i := range 50 {
		name := fmt.Sprintf("team-%02d", i)
		s.Groups = append(s.Groups, snapshot.Group{Name: name, ARN: arn("group", name), Attached: []string{arn("policy", fmt.Sprintf("team-policy-%03d", i))}})
	}
	for i := range 200 {
		r := s.Roles[0]
		r.Name = fmt.Sprintf("service-role-%03d", i)
		r.ARN, r.ID, r.Attached, r.LastUsed = arn("role", r.Name), fmt.Sprintf("AROAEXAMPLE%010d", i), []string{arn("policy", fmt.Sprintf("team-policy-%03d", i))}, nil
		s.Roles = append(s.Roles, r)
	}
	text := pageOf(t, audit.NewEvidence(s, now), "ann")
	inspect(t, "large", text)
	if len(text) > 2<<20 {
		t.Errorf("%d bytes", len(text))
	}
	t.Logf("%d bytes", len(text))
}

func TestHTMLInventory(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.Inventory(&b, report.HTML, planted("<b>").Inventory(), report.Options{}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "<b>") || !strings.Contains(text, `\u003cb\u003e`) || strings.Contains(text, `id="summary"`) {
		t.Errorf("%.3000s", text)
	}
}
