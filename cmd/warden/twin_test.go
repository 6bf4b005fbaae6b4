package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
)

// TestTwinCommand runs the command, uses what it prints, stops it, and begins
// again where it stopped.
func TestTwinCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	saved := filepath.Join(dir, "after.json")
	create := func(url, file, profile string) error {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		_, section, _ := strings.Cut(string(data), "["+profile+"]")
		keys := regexp.MustCompile(`aws_access_key_id = (\S+)\naws_secret_access_key = (\S+)`).FindStringSubmatch(section)
		if keys == nil {
			return errors.New("the credentials file does not have the profile " + profile)
		}
		name := "visitor"
		_, err = iam.New(iam.Options{
			Region: "us-east-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: &http.Transport{}},
			Credentials: credentials.NewStaticCredentialsProvider(keys[1], keys[2], ""),
		}).CreateUser(context.Background(), &iam.CreateUserInput{UserName: &name})
		return err
	}
	if err := withTwin(t, []string{"--save", saved, "--credentials", filepath.Join(dir, "keys.ini")}, create); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{saved, filepath.Join(dir, "keys.ini")} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	data, err := os.ReadFile(saved)
	if err != nil || !bytes.Contains(data, []byte(`"visitor"`)) || bytes.Contains(data, []byte("secret_access_key")) {
		t.Errorf("what was saved is not the account: %v", err)
	}
	err = withTwin(t, []string{"--snapshot", saved}, create)
	if err == nil || !strings.Contains(err.Error(), "EntityAlreadyExists") {
		t.Errorf("the saved account does not have the user: %v", err)
	}
}

// TestTwinOrganizationCommand calls the management account and a member by the
// profiles that the command has written.
func TestTwinOrganizationCommand(t *testing.T) {
	t.Parallel()
	err := withTwin(t, []string{"--organization"}, func(url, file, profile string) error {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, prefix := range []string{"halden-group.", "halden-freight.", "halden-security."} {
			if !bytes.Contains(data, []byte("["+prefix+"root]")) {
				t.Errorf("the credentials file has no profile of %s", prefix)
			}
		}
		if !strings.HasPrefix(profile, "halden-group.") {
			t.Errorf("the profile to begin with is %s", profile)
		}
		_, section, _ := strings.Cut(string(data), "["+profile+"]")
		keys := regexp.MustCompile(`aws_access_key_id = (\S+)\naws_secret_access_key = (\S+)`).FindStringSubmatch(section)
		if keys == nil {
			return errors.New("the credentials file does not have the profile " + profile)
		}
		out, err := organizations.New(organizations.Options{
			Region: "us-east-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: &http.Transport{}},
			Credentials: credentials.NewStaticCredentialsProvider(keys[1], keys[2], ""),
		}).ListAccounts(context.Background(), &organizations.ListAccountsInput{})
		if err == nil && len(out.Accounts) != 3 {
			t.Errorf("%d accounts", len(out.Accounts))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// withTwin runs f against a twin and stops it.
func withTwin(t *testing.T, args []string, f func(url, credentials, profile string) error) error {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	r, w := io.Pipe()
	root := newRoot(&streams{In: strings.NewReader(""), Out: w, Err: io.Discard})
	root.SetArgs(append([]string{"twin", "--listen", "127.0.0.1:0"}, args...))
	done := make(chan error, 1)
	go func() {
		err := root.ExecuteContext(ctx)
		done <- errors.Join(err, w.CloseWithError(err))
	}()
	values := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() && values["AWS_PROFILE"] == "" {
		for _, m := range regexp.MustCompile(`(AWS_[A-Z_]+)=(\S+)`).FindAllStringSubmatch(lines.Text(), -1) {
			values[m[1]] = m[2]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	if values["AWS_PROFILE"] == "" {
		t.Fatalf("the twin did not start: %v", <-done)
	}
	err := f(values["AWS_ENDPOINT_URL"], values["AWS_SHARED_CREDENTIALS_FILE"], values["AWS_PROFILE"])
	stop()
	if stopped := <-done; stopped != nil {
		t.Errorf("the twin ended with %v", stopped)
	}
	return err
}

func TestTwinCommandMistakes(t *testing.T) {
	t.Parallel()
	newer := filepath.Join(t.TempDir(), "newer.json")
	if err := os.WriteFile(newer, []byte(`{"version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--listen", "0.0.0.0:0"}, 1, "not a loopback address"},
		{[]string{"--duplicate", "2"}, 2, "probabilities"},
		{[]string{"--event-delay", "-1s"}, 2, "negative"},
		{[]string{"--page-size", "5000"}, 2, "page size"},
		{[]string{"--seed", "x"}, 2, "seed"},
		{[]string{"--snapshot", newer}, 1, "newer"},
		{[]string{"--snapshot", "none.json"}, 1, "none.json"},
		{[]string{"surplus"}, 2, "surplus"},
		{[]string{"--organization", "--save", "x.json"}, 2, "--organization"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		root := newRoot(&streams{In: strings.NewReader(""), Out: io.Discard, Err: &out})
		root.SetArgs(append([]string{"twin", "--listen", "127.0.0.1:0"}, tt.args...))
		ctx, stop := context.WithCancel(context.Background())
		stop() // in case it starts all the same
		err := root.ExecuteContext(ctx)
		if status := exitStatus(&out, err); status != tt.status || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%v: exit %d, want %d; %s", tt.args, status, tt.status, out.String())
		}
	}
}
