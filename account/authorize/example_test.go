package authorize_test

import (
	"encoding/json"
	"fmt"

	"warden/account"
	"warden/account/authorize"
)

func ExampleAuthorizer_WhoCan() {
	user := func(name, policy string) account.User {
		return account.User{Name: name, ID: "AIDA" + name, ARN: "arn:aws:iam::111122223333:user/" + name,
			Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(policy)}}}
	}
	a := authorize.New(&account.Snapshot{Version: 1, Account: "111122223333", Partition: "aws", Users: []account.User{
		user("ana", `{"Version":"2012-10-17","Statement":{"Sid":"Keys","Effect":"Allow","Action":"iam:*AccessKey*","Resource":"*"}}`),
		user("ben", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`),
		user("cy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`),
	}})
	report := a.WhoCan(authorize.Request{Action: "iam:CreateAccessKey", Resource: "arn:aws:iam::111122223333:user/cy"})
	for _, x := range report.Answers {
		by, _ := x.Granting()
		fmt.Println(x.Principal, x.State, by.Sid, x.DependsOn)
	}
	fmt.Println(report.Denied, "denied")
	// Output:
	// user ana allowed Keys []
	// user ben depends  [aws:multifactorauthpresent]
	// 1 denied
}
