package app

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Declined is the name of the error with which a workflow goes on that was
// declined what it asked for.
const Declined = "Warden.Declined"

// GoOn lets the workflows go on that wait, each with its token, for the
// decision about a plan. It tells them that there is one; they read it
// themselves. A workflow that does not wait any more is no error. Source: AWS
// Step Functions Developer Guide, "Wait for a Callback with Task Token".
func (c *Clients) GoOn(ctx context.Context, tokens []string, plan string, declined bool) error {
	output, err := json.Marshal(map[string]string{"plan": plan})
	if err != nil {
		return err
	}
	var errs []error
	for _, token := range tokens {
		if declined {
			_, err = c.StepFunctions.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{
				TaskToken: aws.String(token), Error: aws.String(Declined), Cause: aws.String("a person declined plan " + plan),
			})
		} else {
			_, err = c.StepFunctions.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: aws.String(token), Output: aws.String(string(output))})
		}
		var over *types.TaskTimedOut
		var gone *types.TaskDoesNotExist
		if !errors.As(err, &over) && !errors.As(err, &gone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
