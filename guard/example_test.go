package guard_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"warden/guard"
	"warden/trail"
)

// A log file is judged without any account. The facts say that the caller is
// in no group.
func ExampleJudge() {
	const log = `{"Records":[
	{"eventID":"1","eventName":"ListUsers","eventSource":"iam.amazonaws.com","userIdentity":{"type":"Root"}},
	{"eventID":"2","eventTime":"2026-01-02T03:04:05Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser",
	 "recipientAccountId":"111122223333","requestParameters":{"userName":"eve"},
	 "userIdentity":{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/ci/mallory",
	  "accountId":"111122223333","accessKeyId":"AKIAEXAMPLE","userName":"mallory"}}]}`
	facts := &guard.Facts{Account: "111122223333", User: &guard.UserFacts{Exists: true, ID: "AIDAMALLORY", Name: "mallory"}}

	scanner := &trail.Scanner{Relevant: guard.Relevant}
	err := scanner.Scan("log.json", strings.NewReader(log), func(e *trail.Event) error {
		j := guard.Judge(guard.Config{}, e, facts, time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC))
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(j.Line())
	})
	fmt.Println(err, scanner.Stats().Irrelevant)
	// Output:
	// {
	//   "eventID": "2",
	//   "eventName": "CreateUser",
	//   "eventSource": "iam.amazonaws.com",
	//   "eventTime": "2026-01-02T03:04:05Z",
	//   "caller": {
	//     "kind": "iam-user",
	//     "arn": "arn:aws:iam::111122223333:user/ci/mallory",
	//     "account": "111122223333",
	//     "id": "AIDAMALLORY"
	//   },
	//   "detections": [
	//     "iam.user.create"
	//   ],
	//   "verdict": "contain",
	//   "severity": "high",
	//   "reason": "user mallory is no administrator and called CreateUser",
	//   "failed": false,
	//   "incident": "inc-301fb7815bccf1f5"
	// }
	// <nil> 1
}
