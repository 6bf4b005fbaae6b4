package detect

import (
	"warden/finding"
)

var passRoleBuilder = Detection{
	ID:         "passrole.builder",
	Title:      "Role passed to a service that runs code",
	Why:        "Glue, CodeBuild and SageMaker run the caller's code with the role that he passes.",
	Techniques: []string{"T1548.005", "T1648"},
	Severity:   finding.Low,
	Events: append(append(on("glue", "CreateDevEndpoint", "UpdateDevEndpoint", "CreateJob", "UpdateJob", "CreateSession"),
		on("codebuild", "CreateProject", "UpdateProject", "StartBuild")...),
		on("sagemaker", "CreateNotebookInstance", "CreatePresignedNotebookInstanceUrl", "CreateProcessingJob", "CreateTrainingJob")...),
	Hits: []Example{
		{Call: "glue:CreateDevEndpoint"},
		{Call: "codebuild:CreateProject"},
		{Call: "sagemaker:CreateNotebookInstance"},
	},
	Misses: []Example{
		{Call: "glue:GetJob"},
	},
}
