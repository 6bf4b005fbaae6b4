"""The policy simulator, which answers what a request would be decided."""

from session import behaviour, document, statement


@behaviour(
    "SimulatePrincipalPolicy decides by the policies that a user has",
    moto="not implemented",
    localemu="not implemented",
)
def test_simulate_principal(aws):
    name = aws.new_user()
    aws.iam.put_user_policy(
        UserName=name,
        PolicyName="own",
        PolicyDocument=document(statement("Allow", "s3:Get*"), statement("Deny", "s3:GetBucketPolicy")),
    )
    arn = aws.iam.get_user(UserName=name)["User"]["Arn"]
    got = aws.iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:GetBucketPolicy", "s3:PutObject"]
    )["EvaluationResults"]
    assert {r["EvalActionName"]: r["EvalDecision"] for r in got} == {
        "s3:GetObject": "allowed",
        "s3:GetBucketPolicy": "explicitDeny",
        "s3:PutObject": "implicitDeny",
    }


@behaviour(
    "SimulateCustomPolicy decides by the policies that the request brings",
    moto="not implemented",
    localemu="not implemented",
)
def test_simulate_custom(aws):
    got = aws.iam.simulate_custom_policy(
        PolicyInputList=[document(statement("Allow", "sqs:*"))],
        ActionNames=["sqs:SendMessage", "iam:CreateUser"],
    )["EvaluationResults"]
    assert {r["EvalActionName"]: r["EvalDecision"] for r in got} == {
        "sqs:SendMessage": "allowed",
        "iam:CreateUser": "implicitDeny",
    }
