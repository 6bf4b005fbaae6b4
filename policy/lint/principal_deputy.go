package lint

import (
	"strings"
)

var principalDeputy = &Check{
	ID:       "principal.deputy",
	Title:    "The service may be made to act for strangers (confused deputy)",
	Severity: Security,
	Why: "The statement trusts an AWS service, whoever caused it to act. If the service acts on behalf of its customers' resources, somebody in another account " +
		"can point his own topic, rule or trail at yours.",
	Fix:    "Add StringEquals aws:SourceAccount (or ArnLike aws:SourceArn, or aws:SourceOrgID) with the accounts or resources that may be the cause.",
	Source: "IAM User Guide: The confused deputy problem",
	Codes:  []string{"RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL"},
	Kinds:  named,
	Match: statements(Auto,
		`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111122223333:q"}`,
		`{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`,
		`{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111122223333:q","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}}}`,
		`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`,
		`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || s.hasPrefix("aws:Source") || s.has("aws:PrincipalOrgID", "kms:ViaService", "kms:CallerAccount") != nil || s.hasPrefix("kms:EncryptionContext") {
				continue
			}
			var risky []string
			for _, e := range s.Principals {
				if e.Type == "Service" && !isOpen(e.Value) && (p.kind != Trust || deputies[firstLabel(e.Value)]) && !ownWork[firstLabel(e.Value)] {
					risky = append(risky, e.Value)
				}
			}
			if len(risky) > 0 {
				p.report(s.at(-1, "Principal"), "%s may be acting for somebody in another account", names(risky))
			}
		}
	},
}

// firstLabel is the service's name in its principal.
func firstLabel(v string) string {
	label, _, _ := strings.Cut(v, ".")
	return label
}

// deputies assume roles for resources whose ARN they put into aws:SourceArn.
// Their guides ask for the condition in trust policies.
var deputies = map[string]bool{
	"scheduler": true, "pipes": true, "states": true, "bedrock": true, "backup": false, "cloudtrail": true, "config": true,
	"events": true, "datasync": true, "transfer": true, "glue": true, "sagemaker": true, "ssm": true, "logs": true,
	"firehose": true, "dms": true, "imagebuilder": true, "iot": true, "guardduty": true, "appsync": true, "kafkaconnect": true,
	"access-analyzer": true, "codebuild": true, "vpc-flow-logs": true, "delivery": true, "serverlessrepo": true, "airflow": true,
	"kinesisanalytics": true, "omics": true, "osis": true, "s3": true, "batchoperations": true, "grafana": true, "ses": true,
}

// ownWork are services that act on a resource only for the account that owns
// it.
var ownWork = map[string]bool{"ec2": true, "ecs-tasks": true, "eks": true, "lambda": false, "edgelambda": true, "pods": true}
