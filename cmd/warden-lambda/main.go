// Command warden-lambda is warden as an AWS Lambda function: the file
// bootstrap of a zip for the runtime provided.al2023. The handler that the
// function is configured with says what it does:
//
//	guard  judges the CloudTrail events that an SQS queue delivers, and acts
//
// docs/deploy.md lists the environment variables.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"warden/app"
)

func main() {
	log, setRequest := newLog(os.Stdout)
	handler, err := function(os.Getenv)
	if err != nil {
		log.Error("the function cannot start", "error", oneLine(err))
		if err := reportInit(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err); err != nil {
			log.Error("the runtime was not told", "error", oneLine(err))
		}
		os.Exit(1)
	}
	handler.log, handler.setRequest = log, setRequest
	// Connect while Lambda still counts this as the start, in which a
	// function has more processor. What fails now is tried again with the
	// first events.
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	if err := handler.prepare(ctx); err != nil {
		log.Warn("not ready yet; tried again with the first events", "error", oneLine(err))
	}
	cancel()
	lambda.Start(handler.handle)
}

// function returns what the configured handler stands for.
func function(getenv func(string) string) (*guardFunction, error) {
	if name := getenv("_HANDLER"); name != "guard" {
		return nil, fmt.Errorf("there is no function %q in this program: set the handler to guard", name)
	}
	cfg, err := readConfig(getenv)
	if err != nil {
		return nil, err
	}
	return &guardFunction{config: cfg, connect: func(ctx context.Context) (*app.Clients, error) {
		return app.Connect(ctx, app.Options{})
	}}, nil
}

// reportInit tells the Lambda runtime why the function cannot start, so that
// the reason stands in the answer to whoever invoked it. Source: AWS Lambda
// Developer Guide, "Using the Lambda runtime API for custom runtimes".
func reportInit(api string, reason error) error {
	if api == "" {
		return nil // not in Lambda
	}
	body, err := json.Marshal(map[string]string{"errorType": "Warden.Configuration", "errorMessage": oneLine(reason)})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+api+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Lambda-Runtime-Function-Error-Type", "Warden.Configuration")
	res, err := (&http.Client{Timeout: 2 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusAccepted {
		return errors.New(res.Status)
	}
	return nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
