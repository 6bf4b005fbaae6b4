package audit

import (
	"fmt"

	"warden/account"
	"warden/finding"
)

// kmsCalls read the keys of a region.
var kmsCalls = []string{"kms:ListKeys", "kms:DescribeKey", "kms:GetKeyRotationStatus"}

// kmsRotation asks about the keys that KMS can rotate: customer managed, for
// symmetric encryption, of material that KMS made, and enabled. "Automatic key
// rotation is supported only on symmetric encryption KMS keys. You cannot
// enable automatic rotation of asymmetric KMS keys, HMAC KMS keys, KMS keys
// with imported key material, or KMS keys in a custom key store"; "while the
// KMS key is disabled, AWS KMS does not rotate the key material"; "while a KMS
// key is pending deletion, its key rotation status is false" (AWS KMS API
// Reference, GetKeyRotationStatus): such keys encrypt nothing new, and the
// question does not arise. The replicas of a multi-Region key have the rotation
// status of their primary, where it is set (ReplicateKey). No version of the
// benchmark names a period.
var kmsRotation = Control{
	ID:       "kms.rotation",
	Title:    "Customer KMS keys rotate",
	Why:      "A key that never rotates protects everything that it ever encrypted.",
	Source:   "AWS KMS Developer Guide: Rotate AWS KMS keys; AWS KMS API Reference: GetKeyRotationStatus, ReplicateKey",
	Severity: finding.Low,
	Actions:  kmsCalls,
	Remedy:   "Switch automatic rotation on: what was encrypted before can still be decrypted, and nobody has to change anything.",
	Judge: func(e *Evidence) []Answer {
		return e.ofEveryRegion("rotation of KMS keys", kmsCalls, func(r *account.Region) []Answer {
			if r.Keys == nil {
				return []Answer{e.regionUnknown(r, "which KMS keys there are", kmsCalls...)}
			}
			var out []Answer
			for i := range r.Keys.Value {
				if k := &r.Keys.Value[i]; k.Manager == "" || k.Manager == account.CustomerManaged {
					out = append(out, e.keyRotation(k, r.Keys.Evidence))
				}
			}
			return out
		})
	},
}

func (e *Evidence) keyRotation(k *account.Key, from account.Evidence) Answer {
	a := Answer{Subject: k.ARN, Status: finding.NotApplicable}
	if k.Manager != "" {
		a.Facts = []finding.Fact{fact(from, "%s, %s, origin %s, description %s", k.State, k.Spec, k.Origin, word(k.Description))}
	}
	switch {
	case k.Manager == "":
		a.Status, a.Summary = finding.Unknown, "what key it is: "+e.gapOf(k.ARN, kmsCalls...)
		a.Remedy = "Let the key's policy admit policies of the account, or the auditor: kms:DescribeKey, kms:GetKeyRotationStatus"
	case !k.Rotates():
		a.Summary = fmt.Sprintf("KMS does not rotate such a key (%s, origin %s)", k.Spec, k.Origin)
	case k.State == account.KeyDisabled, k.State == account.KeyPendingDelete, k.State == account.KeyReplicasRemain:
		a.Summary = "not in use: " + k.State
	case k.State != account.KeyEnabled:
		a.Status, a.Summary, a.Remedy = finding.Unknown, "its state is "+word(k.State), "Collect again: such a state does not last"
	case k.Rotation == nil:
		a.Status, a.Summary = finding.Unknown, "whether it rotates: "+e.gapOf(k.ARN, kmsCalls...)
		a.Remedy = "Let the auditor, and the key's policy, allow kms:GetKeyRotationStatus"
	case k.Rotation.Enabled:
		a.Status, a.Summary = finding.Pass, "rotates"
		if k.Rotation.Period > 0 {
			a.Summary = fmt.Sprintf("rotates every %d days", k.Rotation.Period)
		}
	default:
		a.Status, a.Summary, a.Command = finding.Fail, "does not rotate", enableRotation(k.ARN)
		if k.Primary != "" {
			a.Summary, a.Command = "does not rotate: it follows its primary "+k.Primary, enableRotation(k.Primary)
		}
	}
	if k.Rotation != nil {
		a.Facts = append(a.Facts, fact(account.Evidence{Source: "kms:GetKeyRotationStatus", At: from.At}, "KeyRotationEnabled %v, RotationPeriodInDays %d", k.Rotation.Enabled, k.Rotation.Period))
	}
	return a
}

// enableRotation is the command that switches rotation on, where the key is.
func enableRotation(arn string) string {
	command := "aws kms enable-key-rotation --key-id " + quote(arn)
	if a, err := account.ParseARN(arn); err == nil {
		command += " --region " + quote(a.Region)
	}
	return command
}
