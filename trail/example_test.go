package trail_test

import (
	"fmt"
	"strings"

	"warden/trail"
)

// A log with a record that matters, one that does not, and a broken one.
func ExampleScanner_Scan() {
	const log = `{"eventID":"1","eventName":"GetObject","eventSource":"s3.amazonaws.com","userIdentity":{"type":"Root"}}
{"eventID":"2","eventName":"CreateUser","eventSource":"iam.amazonaws.com","userIdentity":{"type":"Root"}
{"eventID":"3","eventName":"CreateUser","eventSource":"iam.amazonaws.com","userIdentity":{"type":"Root","arn":"arn:aws:iam::111122223333:root"}}`

	s := &trail.Scanner{
		Relevant: func(source, name string) bool { return source == "iam.amazonaws.com" },
		Bad:      func(b trail.BadRecord) { fmt.Println(b) },
	}
	err := s.Scan("log.ndjson", strings.NewReader(log), func(e *trail.Event) error {
		fmt.Println(e.Name, "by", e.Actor().ARN)
		return nil
	})
	fmt.Println(err)
	fmt.Printf("%d records: %d irrelevant, %d bad\n", s.Stats().Records, s.Stats().Irrelevant, s.Stats().Bad)
	// Output:
	// log.ndjson: record 2 at byte 104: broken JSON at byte 209: '{' where a comma or a closing bracket belongs
	// CreateUser by arn:aws:iam::111122223333:root
	// <nil>
	// 3 records: 1 irrelevant, 1 bad
}

// Behind a session stands the role that it belongs to.
func ExampleEvent_Actor() {
	e, err := trail.ParseEvent([]byte(`{"eventID":"1","eventName":"CreateUser","eventSource":"iam.amazonaws.com","userIdentity":{
		"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::111122223333:assumed-role/deploy/alice",
		"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE",
			"arn":"arn:aws:iam::111122223333:role/ci/deploy","userName":"deploy"}}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	a := e.Actor()
	fmt.Println(a.Kind, a.ID, a.SessionName, a.Role.ARN)
	// Output: assumed-role AROAEXAMPLE alice arn:aws:iam::111122223333:role/ci/deploy
}
