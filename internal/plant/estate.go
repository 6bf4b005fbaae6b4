package plant

import (
	"fmt"
	"math/rand/v2"

	"warden/account"
)

// estate plants what a region has in KMS and EC2. It draws by itself, so that
// the rest of an account stays what it was.
func (p *planter) estate(r *account.Region, i int) {
	draw := rand.New(rand.NewPCG(p.o.Seed, uint64(0xe57a7e+i)))
	n := (p.turn("estate", 6) + i) % 6
	lost := func(control, call string) bool {
		if p.o.Complete {
			return false
		}
		p.gap(call, r.Name, "AccessDenied")
		p.answer(control, rootARN, r.Name, Unknown, call+" was refused")
		return true
	}
	if n != 0 || !lost("kms.rotation", "kms:ListKeys") {
		p.kmsKeys(r, draw)
	}
	if n != 1 || !lost("vpc.flow-logs", "ec2:DescribeVpcs") {
		p.vpcs(r, draw)
	}
	if n != 2 || !lost("instance.roles", "ec2:DescribeInstances") {
		p.instances(r, draw)
	}
}

func (p *planter) kmsKeys(r *account.Region, draw *rand.Rand) {
	list := []account.Key{}
	for range draw.IntN(4) {
		id := fmt.Sprintf("%08x-0000-4000-8000-%012x", draw.Uint32(), draw.Uint32())
		k := account.Key{ID: id, ARN: "arn:aws:kms:" + r.Name + ":" + Number + ":key/" + id, Manager: "CUSTOMER", State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Origin: "AWS_KMS"}
		on, off := &account.KeyRotation{Enabled: true, Period: 90 + draw.IntN(2471)}, &account.KeyRotation{}
		want, plant := Pass, ""
		switch n := draw.IntN(14); n {
		case 0, 1:
			k.Rotation, want, plant = off, Fail, "no rotation"
		case 2:
			k.Rotation, k.Primary, want, plant = off, "arn:aws:kms:us-east-1:"+Number+":key/mrk-1", Fail, "a replica of a key that does not rotate"
		case 3:
			k.Spec, plant = []string{"RSA_4096", "ECC_NIST_P256", "HMAC_256", "ML_DSA_65"}[draw.IntN(4)], "a key of a kind that does not rotate"
		case 4:
			k.Origin, plant = []string{"EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}[draw.IntN(3)], "material that KMS did not make"
		case 5:
			k.State, plant = []string{"Disabled", "PendingDeletion", "PendingReplicaDeletion"}[draw.IntN(3)], "a key that nobody uses"
		case 6:
			k.Manager, plant = "AWS", "a key of AWS"
		case 7:
			if !p.o.Complete {
				k = account.Key{ID: k.ID, ARN: k.ARN}
				p.gap("kms:DescribeKey", k.ARN, "AccessDenied")
				want, plant = Unknown, "a key that is shut to the auditor"
				break
			}
			fallthrough
		case 8:
			if !p.o.Complete {
				p.gap("kms:GetKeyRotationStatus", k.ARN, "AccessDenied")
				want, plant = Unknown, "rotation was not told"
				break
			}
			fallthrough
		default:
			k.Rotation, plant = on, fmt.Sprintf("rotation every %d days", on.Period)
		}
		p.answer("kms.rotation", k.ARN, r.Name, want, plant)
		list = append(list, k)
	}
	r.Keys = known(p, "kms:DescribeKey", list)
}

func (p *planter) vpcs(r *account.Region, draw *rand.Rand) {
	vpcs, logs := []account.VPC{}, []account.FlowLog{}
	told := p.o.Complete || draw.IntN(10) > 0
	if !told {
		p.gap("ec2:DescribeFlowLogs", r.Name, "AccessDenied")
	}
	for range 1 + draw.IntN(3) {
		v := account.VPC{ID: fmt.Sprintf("vpc-%017x", draw.Uint64()>>4), Owner: Number, Default: len(vpcs) == 0}
		log := func(of, traffic, status, delivery string) {
			logs = append(logs, account.FlowLog{ID: fmt.Sprintf("fl-%017x", draw.Uint64()>>4), Resource: of, Traffic: traffic, Status: status, Delivery: delivery, Destination: "arn:aws:s3:::flows"})
		}
		want, plant := Pass, ""
		switch draw.IntN(12) {
		case 0:
			want, plant = Fail, "no flow log"
		case 1:
			log(v.ID, "ACCEPT", "ACTIVE", "SUCCESS")
			want, plant = Fail, "accepted traffic only"
		case 2:
			log(v.ID, "ALL", "ACTIVE", "FAILED")
			want, plant = Fail, "a flow log that cannot deliver"
		case 3:
			log("subnet-"+v.ID[4:], "ALL", "ACTIVE", "SUCCESS")
			log("eni-"+v.ID[4:], "ALL", "ACTIVE", "SUCCESS")
			want, plant = Fail, "flow logs of a subnet and an interface"
		case 4:
			log(v.ID+"0", "ALL", "ACTIVE", "SUCCESS")
			want, plant = Fail, "a flow log of another VPC"
		case 5:
			if !p.o.Complete {
				log(v.ID, "REJECT", "ACTIVE", "")
				want, plant = Unknown, "a flow log of a minute ago"
				break
			}
			fallthrough
		case 6:
			log(v.ID, "ACCEPT", "ACTIVE", "SUCCESS")
			log(v.ID, "REJECT", "ACTIVE", "SUCCESS")
			plant = "two flow logs, one of rejected traffic"
		case 7:
			log(v.ID, "ALL", "ACTIVE", "FAILED")
			log(v.ID, "REJECT", "ACTIVE", "SUCCESS")
			plant = "two flow logs, one of which delivers"
		case 8:
			v.Owner, v.Default, plant = "999988887777", false, "the VPC of another account"
		default:
			log(v.ID, []string{"ALL", "REJECT"}[draw.IntN(2)], "ACTIVE", "SUCCESS")
			plant = "a flow log"
		}
		if !told && v.Owner == Number {
			want, plant = Unknown, "flow logs were not read"
		}
		p.answer("vpc.flow-logs", "arn:aws:ec2:"+r.Name+":"+v.Owner+":vpc/"+v.ID, r.Name, want, plant)
		vpcs = append(vpcs, v)
	}
	r.VPCs = known(p, "ec2:DescribeVpcs", vpcs)
	if told {
		r.FlowLogs = known(p, "ec2:DescribeFlowLogs", logs)
	}
}

// instances plants those with a role once it is known which roles have
// instance profiles.
func (p *planter) instances(r *account.Region, draw *rand.Rand) {
	region := r.Name
	f := known(p, "ec2:DescribeInstances", []account.Instance{})
	r.Instances = f
	p.later = append(p.later, func() {
		var profiles []string
		for _, x := range p.s.Roles {
			profiles = append(profiles, x.Profiles...)
		}
		for range draw.IntN(4) {
			i := account.Instance{ID: fmt.Sprintf("i-%017x", draw.Uint64()>>4), State: []string{"pending", "running", "running", "stopping", "stopped"}[draw.IntN(5)]}
			want, plant := Fail, "no profile"
			switch n := draw.IntN(6); {
			case n == 0:
				i.State, want, plant = []string{"shutting-down", "terminated"}[draw.IntN(2)], Pass, "gone, without a profile"
			case n == 1:
				i.Profile, plant = arn("instance-profile", "empty-"+i.ID), "a profile without a role"
			case n < 5 && len(profiles) > 0:
				i.Profile, want, plant = profiles[draw.IntN(len(profiles))], Pass, "a profile with a role"
			}
			p.answer("instance.roles", "arn:aws:ec2:"+region+":"+Number+":instance/"+i.ID, region, want, plant)
			f.Value = append(f.Value, i)
		}
	})
}
