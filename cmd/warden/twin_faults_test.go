package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/twin"
)

func TestTwinFaultFlags(t *testing.T) {
	t.Parallel()
	o := twinOptions{
		throttle: []string{"iam:*:0.2", "*:AssumeRole:5/s"},
		fail:     []string{"iam:AttachUserPolicy:2:after", "iam:*:*", "sts:AssumeRole:3-:cut", "sqs:ReceiveMessage:1-4:before"},
	}
	if err := o.trouble(); err != nil {
		t.Fatal(err)
	}
	want := twin.Faults{
		Throttle: []twin.ThrottleRule{{Service: "iam", Probability: 0.2}, {Operation: "AssumeRole", Rate: 5}},
		Fail: []twin.FailRule{
			{Service: "iam", Operation: "AttachUserPolicy", From: 2, To: 2, Fault: twin.Fault{After: true}},
			{Service: "iam"},
			{Service: "sts", Operation: "AssumeRole", From: 3, Fault: twin.Fault{After: true, Cut: true}},
			{Service: "sqs", Operation: "ReceiveMessage", From: 1, To: 4},
		},
	}
	if d := cmp.Diff(want, o.faults); d != "" {
		t.Error(d)
	}
	for _, bad := range []twinOptions{
		{throttle: []string{"iam"}}, {throttle: []string{"iam:*:often"}}, {throttle: []string{"iam:*:x/s"}},
		{fail: []string{"iam:GetUser"}}, {fail: []string{"iam:GetUser:0"}}, {fail: []string{"iam:GetUser:2-x"}}, {fail: []string{"iam:GetUser:2:sometimes"}},
	} {
		if err := bad.trouble(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
