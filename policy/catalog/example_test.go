package catalog_test

import (
	"fmt"

	"warden/policy/catalog"
)

func ExampleLookup() {
	a := catalog.Lookup("s3:getobject")
	fmt.Println(a, a.Level)
	for _, u := range a.Resources {
		fmt.Println(u.Type.Name, u.Type.ARN)
	}
	// Output:
	// s3:GetObject Read
	// accesspointobject arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}/object/${ObjectName}
	// object arn:${Partition}:s3:::${BucketName}/${ObjectName}
}

func ExampleMatching() {
	for _, a := range catalog.Matching("iam:*LoginProfile") {
		fmt.Println(a, a.Level)
	}
	// Output:
	// iam:CreateLoginProfile Write
	// iam:DeleteLoginProfile Write
	// iam:GetLoginProfile List
	// iam:UpdateLoginProfile Write
}

func ExampleNearest() {
	fmt.Println(catalog.Nearest("s3:GetObjekt"))
	// Output: s3:GetObject
}

func ExampleConditionKey() {
	k := catalog.ConditionKey("aws:requesttag/team")
	fmt.Println(k.Name, k.Type, k.Type.Multivalued())
	// Output: aws:RequestTag/tag-key String false
}
