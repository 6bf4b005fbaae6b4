package escalation

// pass is a path that passes a role to something new of a service.
func pass(id, title, service string, actions ...string) *Path {
	return &Path{ID: id, Title: title, Kind: Pass, Of: role, Service: service, Needs: append([]Need{{Action: "iam:PassRole", On: Target}}, some(actions)...)}
}

// existing is a path over something that already runs with a role.
func existing(id, title, service, what string, actions ...string) *Path {
	return &Path{ID: id, Title: title, Kind: Existing, Of: role, Service: service, Needs: some(actions), If: what}
}

// with adds a condition to a path.
func (p *Path) with(what string) *Path {
	p.If = what
	return p
}

// on names the types of resource that the actions are needed on, "" for the
// usual one, the last for the rest too.
func (p *Path) on(types ...string) *Path {
	i := 0
	for k := range p.Needs {
		if p.Needs[k].On == Something {
			p.Needs[k].Type = types[min(i, len(types)-1)]
			i++
		}
	}
	return p
}

// held is for roles that EC2 gives to machines: an instance profile must hold
// them.
func (p *Path) held() *Path {
	p.applies = inProfile
	return p
}

func some(actions []string) []Need {
	var out []Need
	for _, a := range actions {
		out = append(out, Need{Action: a})
	}
	return out
}

// The principals of services. Service Authorization Reference and the
// services' own guides, "service role".
const (
	appRunner      = "tasks.apprunner.amazonaws.com"
	agentCore      = "bedrock-agentcore.amazonaws.com"
	batchTasks     = "ecs-tasks.amazonaws.com"
	braket         = "braket.amazonaws.com"
	cloudFormation = "cloudformation.amazonaws.com"
	codeBuild      = "codebuild.amazonaws.com"
	dataPipeline   = "datapipeline.amazonaws.com"
	ec2            = "ec2.amazonaws.com"
	ecsTasks       = "ecs-tasks.amazonaws.com"
	emrServerless  = "emr-serverless.amazonaws.com"
	glue           = "glue.amazonaws.com"
	lambda         = "lambda.amazonaws.com"
	sageMaker      = "sagemaker.amazonaws.com"
	scheduler      = "scheduler.amazonaws.com"
	ssm            = "ssm.amazonaws.com"
	states         = "states.amazonaws.com"
)

// servicePaths make the caller's code run with a role.
var servicePaths = []*Path{
	pass("apprunner-001", "New App Runner service", appRunner, "apprunner:CreateService"),
	existing("apprunner-002", "Changes an App Runner service", appRunner, "an App Runner service has the role", "apprunner:UpdateService"),
	pass("bedrock-001", "New code interpreter", agentCore, "bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter").on("", "code-interpreter-custom"),
	existing("bedrock-002", "Uses a code interpreter", agentCore, "a code interpreter has the role", "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter").on("code-interpreter-custom"),
	pass("cloudformation-001", "New stack", cloudFormation, "cloudformation:CreateStack"),
	existing("cloudformation-002", "Changes a stack", cloudFormation, "a stack has the role", "cloudformation:UpdateStack"),
	pass("cloudformation-003", "New stack set", cloudFormation, "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
	pass("cloudformation-004", "Changes a stack set", cloudFormation, "cloudformation:UpdateStackSet").with("there is a stack set"),
	existing("cloudformation-005", "Changes a stack by a change set", cloudFormation, "a stack has the role", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
	pass("codebuild-001", "New build project", codeBuild, "codebuild:CreateProject", "codebuild:StartBuild"),
	existing("codebuild-002", "Builds with his own build specification", codeBuild, "a build project has the role", "codebuild:StartBuild"),
	existing("codebuild-003", "Builds a batch with his own build specification", codeBuild, "a build project has the role", "codebuild:StartBuildBatch"),
	pass("codebuild-004", "New build project, built as a batch", codeBuild, "codebuild:CreateProject", "codebuild:StartBuildBatch"),
	pass("datapipeline-001", "New data pipeline", dataPipeline, "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
	launch("ec2-001", "New instance", "ec2:RunInstances"),
	existing("ec2-002", "Changes the user data of an instance", ec2, "an instance has the role", "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances").held(),
	pass("ec2-003", "New spot instance", ec2, "ec2:RequestSpotInstances").held(),
	existing("ec2-004", "New version of a launch template", ec2, "instances are launched from the template with the role", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate").held(),
	existing("ec2instanceconnect-003", "Puts an SSH key on an instance", ec2, "an instance that he can reach has the role", "ec2-instance-connect:SendSSHPublicKey", "ec2:DescribeInstances").held(),
	pass("ecs-001", "New cluster, task definition and service", ecsTasks, "ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
	pass("ecs-002", "New cluster, task definition and task", ecsTasks, "ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
	pass("ecs-003", "New task definition and service", ecsTasks, "ecs:RegisterTaskDefinition", "ecs:CreateService").with("there is a cluster"),
	pass("ecs-004", "New task definition and task", ecsTasks, "ecs:RegisterTaskDefinition", "ecs:RunTask").with("there is a cluster"),
	pass("ecs-005", "New task definition, started on an instance", ecsTasks, "ecs:RegisterTaskDefinition", "ecs:StartTask").with("there is a cluster with instances"),
	pass("glue-001", "New development endpoint", glue, "glue:CreateDevEndpoint"),
	existing("glue-002", "Puts his SSH key on a development endpoint", glue, "a development endpoint has the role", "glue:UpdateDevEndpoint"),
	pass("glue-003", "New job, run", glue, "glue:CreateJob", "glue:StartJobRun"),
	pass("glue-004", "New job, started by a trigger", glue, "glue:CreateJob", "glue:CreateTrigger"),
	pass("glue-005", "Changes a job and runs it", glue, "glue:UpdateJob", "glue:StartJobRun").with("there is a job"),
	pass("glue-006", "Changes a job and starts it by a trigger", glue, "glue:UpdateJob", "glue:CreateTrigger").with("there is a job"),
	pass("lambda-001", "New function, invoked", lambda, "lambda:CreateFunction", "lambda:InvokeFunction"),
	pass("lambda-002", "New function, invoked by an event source", lambda, "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
	existing("lambda-004", "Changes a function and invokes it", lambda, "a function has the role", "lambda:UpdateFunctionCode", "lambda:InvokeFunction"),
	existing("lambda-005", "Changes a function and lets himself invoke it", lambda, "a function has the role", "lambda:UpdateFunctionCode", "lambda:AddPermission"),
	existing("lambda-003", "Changes a function", lambda, "a function has the role, and something invokes it", "lambda:UpdateFunctionCode"),
	pass("lambda-006", "New function, which he lets himself invoke", lambda, "lambda:CreateFunction", "lambda:AddPermission"),
	pass("sagemaker-001", "New notebook", sageMaker, "sagemaker:CreateNotebookInstance"),
	pass("sagemaker-002", "New training job", sageMaker, "sagemaker:CreateTrainingJob"),
	pass("sagemaker-003", "New processing job", sageMaker, "sagemaker:CreateProcessingJob"),
	existing("sagemaker-004", "Opens a notebook", sageMaker, "a notebook has the role", "sagemaker:CreatePresignedNotebookInstanceUrl"),
	existing("sagemaker-005", "Changes what a notebook runs when it starts", sageMaker, "a notebook has the role", "sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:StopNotebookInstance", "sagemaker:UpdateNotebookInstance", "sagemaker:StartNotebookInstance"),
	existing("ssm-001", "Opens a session on an instance", ec2, "an instance with the SSM agent has the role", "ssm:StartSession").on("instance").held(),
	existing("ssm-002", "Runs a command on an instance", ec2, "an instance with the SSM agent has the role", "ssm:SendCommand", "ssm:SendCommand").on("instance", "arn:${Partition}:ssm:${Region}::document/AWS-RunShellScript").held(),

	pass("warden-batch", "New batch job", batchTasks, "batch:RegisterJobDefinition", "batch:SubmitJob").on("job-definition", "job-definition").with("there is a job queue"),
	pass("warden-braket", "New hybrid job", braket, "braket:CreateJob").on("job"),
	pass("warden-emr-serverless", "New EMR Serverless application", emrServerless, "emr-serverless:CreateApplication", "emr-serverless:StartJobRun"),
	pass("warden-glue-session", "New interactive session", glue, "glue:CreateSession", "glue:RunStatement"),
	pass("warden-scheduler", "New schedule that calls any API", scheduler, "scheduler:CreateSchedule"),
	pass("warden-state-machine", "New state machine that calls any API", states, "states:CreateStateMachine", "states:StartExecution"),
	existing("warden-state-machine-change", "Changes a state machine", states, "a state machine has the role", "states:UpdateStateMachine", "states:StartExecution"),
	pass("warden-ssm-automation", "Automation that calls any API", ssm, "ssm:StartAutomationExecution").on("automation-definition"),
	pass("warden-ecs-override", "Task with another role than its definition says", ecsTasks, "ecs:RunTask").with("there is a cluster and a task definition"),
	existing("warden-ecs-exec", "Opens a shell in a task", ecsTasks, "a task that allows ECS Exec has the role", "ecs:ExecuteCommand").on("task"),
	existing("warden-lambda-layer", "Adds a layer of his own to a function", lambda, "a function has the role, and something invokes it", "lambda:UpdateFunctionConfiguration"),
}

// launch is a path over a new instance. RunInstances needs every type of
// resource that a launch always touches. EC2 User Guide, "Example policies to
// control access to the Amazon EC2 API: Launch instances".
func launch(id, title, action string) *Path {
	p := pass(id, title, ec2)
	for _, kind := range []string{"instance", "image", "network-interface", "security-group", "subnet", "volume"} {
		p.Needs = append(p.Needs, Need{Action: action, Type: kind})
	}
	return p.held()
}
