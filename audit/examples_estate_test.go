package audit_test

import (
	"testing"

	"warden/account"
	"warden/audit"
)

// estateExamples are about KMS keys, VPCs and instances.
var estateExamples = map[string][]example{
	"kms.rotation": {
		{"off", func(s *account.Snapshot) { home(s).Keys.Value[0].Rotation.Enabled = false }, fail, "", "does not rotate"},
		{"every 2560 days", func(s *account.Snapshot) { home(s).Keys.Value[0].Rotation.Period = 2560 }, pass, "", ""},
		{"a replica of a primary that does not", func(s *account.Snapshot) {
			k := &home(s).Keys.Value[0]
			k.Rotation.Enabled, k.Primary = false, "arn:aws:kms:us-east-1:"+id+":key/mrk-1"
		}, fail, "", "it follows its primary arn:aws:kms:us-east-1"},
		{"asymmetric", func(s *account.Snapshot) {
			home(s).Keys.Value[0].Spec, home(s).Keys.Value[0].Rotation = "RSA_2048", nil
		}, pass, "", ""},
		{"for HMAC", func(s *account.Snapshot) {
			home(s).Keys.Value[0].Spec, home(s).Keys.Value[0].Rotation = "HMAC_256", nil
		}, pass, "", ""},
		{"imported", func(s *account.Snapshot) {
			home(s).Keys.Value[0].Origin, home(s).Keys.Value[0].Rotation = "EXTERNAL", nil
		}, pass, "", ""},
		{"of a custom key store", func(s *account.Snapshot) {
			home(s).Keys.Value[0].Origin, home(s).Keys.Value[0].Rotation = "AWS_CLOUDHSM", nil
		}, pass, "", ""},
		{"disabled", func(s *account.Snapshot) {
			home(s).Keys.Value[0].State, home(s).Keys.Value[0].Rotation = "Disabled", nil
		}, pass, "", ""},
		{"about to be deleted", func(s *account.Snapshot) {
			home(s).Keys.Value[0].State, home(s).Keys.Value[0].Rotation = "PendingDeletion", nil
		}, pass, "", ""},
		{"changing its primary", func(s *account.Snapshot) {
			home(s).Keys.Value[0].State, home(s).Keys.Value[0].Rotation = "Updating", nil
		}, unknown, "", "Updating"},
		{"of AWS", func(s *account.Snapshot) { home(s).Keys.Value[0].Manager, home(s).Keys.Value[0].Rotation = "AWS", nil }, pass, "", ""},
		{"shut to the auditor", func(s *account.Snapshot) {
			k := &home(s).Keys.Value[0]
			*k = account.Key{ID: k.ID, ARN: k.ARN}
			s.Gaps = append(s.Gaps, account.Gap{What: "kms:DescribeKey", Subject: k.ARN, Reason: "AccessDeniedException"})
		}, unknown, "", "kms:DescribeKey: AccessDeniedException"},
		{"rotation not read", func(s *account.Snapshot) { home(s).Keys.Value[0].Rotation = nil }, unknown, "", "whether it rotates"},
		{"refused", func(s *account.Snapshot) {
			home(s).Keys = nil
			s.Gaps = append(s.Gaps, account.Gap{What: "kms:ListKeys", Subject: "eu-west-1", Reason: "AccessDeniedException"})
		}, unknown, "eu-west-1", "which KMS keys there are: kms:ListKeys: AccessDeniedException"},
		{"a region not read", func(s *account.Snapshot) { s.Regions = s.Regions[1:] }, unknown, "regions not read", "ap-northeast-1"},
	},
	"vpc.flow-logs": {
		{"none", func(s *account.Snapshot) { home(s).FlowLogs.Value = nil }, fail, "", "no flow log"},
		{"all traffic", func(s *account.Snapshot) { home(s).FlowLogs.Value[0].Traffic = "ALL" }, pass, "", ""},
		{"accepted traffic only", func(s *account.Snapshot) { home(s).FlowLogs.Value[0].Traffic = "ACCEPT" }, fail, "", "does not record what was rejected"},
		{"accepted and rejected traffic by two", func(s *account.Snapshot) {
			f := home(s).FlowLogs.Value[0]
			f.ID, f.Traffic = "fl-0", "ACCEPT"
			home(s).FlowLogs.Value = append([]account.FlowLog{f}, home(s).FlowLogs.Value...)
		}, pass, "", ""},
		{"of a subnet", func(s *account.Snapshot) { home(s).FlowLogs.Value[0].Resource = "subnet-1" }, fail, "", "no flow log"},
		{"not active", func(s *account.Snapshot) { home(s).FlowLogs.Value[0].Status = "" }, fail, "", "not active"},
		{"cannot deliver", func(s *account.Snapshot) {
			f := &home(s).FlowLogs.Value[0]
			f.Delivery, f.DeliveryError = "FAILED", "Access error"
		}, fail, "", "cannot deliver: Access error"},
		{"one cannot deliver, the other does", func(s *account.Snapshot) {
			f := home(s).FlowLogs.Value[0]
			f.ID, f.Delivery = "fl-0", "FAILED"
			home(s).FlowLogs.Value = append([]account.FlowLog{f}, home(s).FlowLogs.Value...)
		}, pass, "", ""},
		{"nothing delivered yet", func(s *account.Snapshot) { home(s).FlowLogs.Value[0].Delivery = "" }, unknown, "", "whether fl-1 delivers"},
		{"of another account", func(s *account.Snapshot) {
			home(s).VPCs.Value = append(home(s).VPCs.Value, account.VPC{ID: "vpc-2", Owner: "999988887777"})
		}, pass, "", ""},
		{"no VPC", func(s *account.Snapshot) { home(s).VPCs.Value = nil }, pass, "", ""},
		{"flow logs refused", func(s *account.Snapshot) { home(s).FlowLogs = nil; lose(s, "ec2:DescribeFlowLogs") }, unknown, "", "AccessDenied"},
		{"VPCs refused", func(s *account.Snapshot) { home(s).VPCs = nil }, unknown, "eu-west-1", "which VPCs"},
		{"a region not read", func(s *account.Snapshot) { s.Regions = s.Regions[1:] }, unknown, "regions not read", "ap-northeast-1"},
	},
	"instance.roles": {
		{"none", func(s *account.Snapshot) { home(s).Instances.Value[0].Profile = "" }, fail, "", "no role"},
		{"none, and stopped", func(s *account.Snapshot) {
			home(s).Instances.Value[0].Profile, home(s).Instances.Value[0].State = "", "stopped"
		}, fail, "", "no role"},
		{"none, and terminated", func(s *account.Snapshot) {
			home(s).Instances.Value[0].Profile, home(s).Instances.Value[0].State = "", "terminated"
		}, pass, "", ""},
		{"none, and shutting down", func(s *account.Snapshot) {
			home(s).Instances.Value[0].Profile, home(s).Instances.Value[0].State = "", "shutting-down"
		}, pass, "", ""},
		{"an empty profile", func(s *account.Snapshot) { s.Roles[0].Profiles = nil }, fail, "", "its instance profile has no role"},
		{"roles not read", func(s *account.Snapshot) { lose(s, "iam:GetAccountAuthorizationDetails") }, unknown, "", "whether its instance profile has a role"},
		{"no instances", func(s *account.Snapshot) { home(s).Instances.Value = nil }, pass, "", ""},
		{"refused", func(s *account.Snapshot) { home(s).Instances = nil; lose(s, "ec2:DescribeInstances") }, unknown, "eu-west-1", "AccessDenied"},
		{"a region not read", func(s *account.Snapshot) { s.Regions = s.Regions[1:] }, unknown, "regions not read", "ap-northeast-1"},
	},
}

func TestEstateExamples(t *testing.T) {
	t.Parallel()
	for control, list := range estateExamples {
		for _, x := range list {
			t.Run(control+"/"+x.name, func(t *testing.T) {
				t.Parallel()
				s := good()
				x.change(s)
				check(t, of(t, s, control), x)
			})
		}
	}
}

// TestEstateCommands: a failure says what to run, where the thing is.
func TestEstateCommands(t *testing.T) {
	t.Parallel()
	s := good()
	r := home(s)
	r.Keys.Value[0].Rotation.Enabled, r.FlowLogs.Value, r.Instances.Value[0].Profile = false, nil, ""
	replica := r.Keys.Value[0]
	replica.ARN, replica.Primary = "arn:aws:kms:eu-west-1:"+id+":key/mrk-1", "arn:aws:kms:us-east-1:"+id+":key/mrk-1"
	r.Keys.Value = append(r.Keys.Value, replica)
	got := map[string]string{}
	for _, f := range audit.Run(audit.NewEvidence(s, now), audit.Selection{Only: []string{"kms.rotation", "vpc.flow-logs", "instance.roles"}}).Findings {
		if f.Status == fail {
			got[f.Subject] = f.Command
		}
	}
	for subject, want := range map[string]string{
		"arn:aws:kms:eu-west-1:" + id + ":key/1":        "aws kms enable-key-rotation --key-id arn:aws:kms:eu-west-1:" + id + ":key/1 --region eu-west-1",
		"arn:aws:kms:eu-west-1:" + id + ":key/mrk-1":    "aws kms enable-key-rotation --key-id arn:aws:kms:us-east-1:" + id + ":key/mrk-1 --region us-east-1",
		"arn:aws:ec2:eu-west-1:" + id + ":vpc/vpc-1":    "aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-1 --traffic-type REJECT --log-destination-type s3 --log-destination arn:aws:s3:::BUCKET --region eu-west-1",
		"arn:aws:ec2:eu-west-1:" + id + ":instance/i-1": "aws ec2 associate-iam-instance-profile --instance-id i-1 --iam-instance-profile Name=PROFILE --region eu-west-1",
	} {
		if got[subject] != want {
			t.Errorf("%s: %q, want %q", subject, got[subject], want)
		}
	}
	if len(got) != 4 {
		t.Errorf("%v", got)
	}
}
