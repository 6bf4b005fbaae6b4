package twin

import "warden/account"

// estate is what the company has in KMS and EC2: in one region some of it was
// set up with care and some was not, in the second little works, and the other
// regions are empty.
func (c *company) estate() {
	id := c.snap.Account
	empty := "instance-profile/app/reporting" // its role was taken out
	c.plant("no-rotation", c.keyARN("us-east-1", "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a002"), "the key of the artifacts does not rotate")
	c.plant("no-flow-logs", "arn:aws:ec2:us-east-1:"+id+":vpc/vpc-0aa1d2c3b4e5f6071", "the default VPC, in which somebody runs a jump host, is not logged")
	c.plant("no-profile", "arn:aws:ec2:us-east-1:"+id+":instance/i-0b1c2d3e4f5061723", "the jump host has no role")
	for i := range c.snap.Regions {
		r := &c.snap.Regions[i]
		var keys []account.Key
		var vpcs []account.VPC
		var logs []account.FlowLog
		var instances []account.Instance
		switch r.Name {
		case "us-east-1":
			keys = []account.Key{
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a001", "the freight ledger", rotating(365)),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a002", "artifacts", rotating(0)),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a003", "signs bills of lading", func(k *account.Key) { k.Spec, k.Rotation = "ECC_NIST_P256", nil }),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a004", "session cookies", func(k *account.Key) { k.Spec, k.Rotation = "HMAC_256", nil }),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a005", "brought by a customer", func(k *account.Key) { k.Origin, k.Rotation = "EXTERNAL", nil }),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a006", "the old portal", func(k *account.Key) { k.State, k.Rotation = account.KeyDisabled, nil }),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a007", "a trial", func(k *account.Key) { k.State, k.Rotation = account.KeyPendingDelete, nil }),
				c.kmsKey(r.Name, "9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a008", "Default key that protects my S3 objects when no other key is defined", func(k *account.Key) { k.Manager, k.Rotation = "AWS", nil }),
				c.kmsKey(r.Name, "mrk-5b0f3cb1d7a84f8e9d3e2a1c4b6f7001", "bookings, in both regions", rotating(180)),
			}
			vpcs = []account.VPC{{ID: "vpc-0aa1d2c3b4e5f6070", Name: "freight", Owner: id}, {ID: "vpc-0aa1d2c3b4e5f6071", Owner: id, Default: true}}
			logs = []account.FlowLog{{ID: "fl-0c1d2e3f405162738", Resource: "vpc-0aa1d2c3b4e5f6070", Traffic: "ALL", Status: "ACTIVE", Delivery: "SUCCESS", Destination: "vpc-freight"}}
			instances = []account.Instance{
				{ID: "i-0b1c2d3e4f5061721", Name: "booking-1", State: "running", Profile: c.arn("instance-profile", "/app/", "booking-api")},
				{ID: "i-0b1c2d3e4f5061722", Name: "booking-2", State: "stopped", Profile: c.arn("instance-profile", "/app/", "booking-api")},
				{ID: "i-0b1c2d3e4f5061723", Name: "jump", State: "running"},
				{ID: "i-0b1c2d3e4f5061724", Name: "build", State: "terminated"},
			}
		case "eu-west-1":
			replica := c.kmsKey(r.Name, "mrk-5b0f3cb1d7a84f8e9d3e2a1c4b6f7001", "bookings, in both regions", rotating(180))
			replica.Primary = c.keyARN("us-east-1", replica.ID)
			keys = []account.Key{replica}
			vpcs = []account.VPC{{ID: "vpc-0aa1d2c3b4e5f6072", Name: "bookings", Owner: id}, {ID: "vpc-0aa1d2c3b4e5f6073", Name: "shared-services", Owner: "210987654321"}}
			logs = []account.FlowLog{{ID: "fl-0c1d2e3f405162739", Resource: "vpc-0aa1d2c3b4e5f6072", Traffic: "REJECT", Status: "ACTIVE", Delivery: "FAILED", DeliveryError: "Access error", Destination: "vpc-bookings"}}
			instances = []account.Instance{{ID: "i-0b1c2d3e4f5061725", Name: "reporting", State: "running", Profile: "arn:aws:iam::" + id + ":" + empty}}
		}
		r.Keys, r.VPCs = known(c, "kms:DescribeKey", append([]account.Key{}, keys...)), known(c, "ec2:DescribeVpcs", append([]account.VPC{}, vpcs...))
		r.FlowLogs, r.Instances = known(c, "ec2:DescribeFlowLogs", append([]account.FlowLog{}, logs...)), known(c, "ec2:DescribeInstances", append([]account.Instance{}, instances...))
	}
}

func (c *company) keyARN(region, id string) string {
	return "arn:aws:kms:" + region + ":" + c.snap.Account + ":key/" + id
}

// kmsKey is a symmetric key of the company's own, which change makes another.
func (c *company) kmsKey(region, id, description string, change func(*account.Key)) account.Key {
	k := account.Key{ID: id, ARN: c.keyARN(region, id), Description: description, Manager: account.CustomerManaged, State: account.KeyEnabled, Spec: account.SymmetricKey, Origin: account.MaterialOfKMS}
	change(&k)
	return k
}

// rotating sets the period of rotation in days; 0 is none.
func rotating(days int) func(*account.Key) {
	return func(k *account.Key) { k.Rotation = &account.KeyRotation{Enabled: days > 0, Period: days} }
}
