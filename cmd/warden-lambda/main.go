// Command warden-lambda is warden as an AWS Lambda function: the file
// bootstrap of a zip for the runtime provided.al2023. The handler that the
// function is configured with says what it does:
//
//	guard     judges the CloudTrail events that an SQS queue delivers, and acts;
//	          looks again at containments when the hold queue says so
//	sweep     looks after what the queue did not bring, when a schedule says so
//	workflow  does one step of the state machine that asks people first
//	audit     audits the account, or those of its organisation, when a schedule
//	          says so: stores the report and tells people what is different
//
// docs/deploy.md lists the environment variables.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"warden/app"
)

func main() {
	log, setRequest := newLog(os.Stdout)
	f, err := function(os.Getenv, log, setRequest)
	if err != nil {
		log.Error("the function cannot start", "error", oneLine(err))
		if err := reportInit(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err); err != nil {
			log.Error("the runtime was not told", "error", oneLine(err))
		}
		os.Exit(1)
	}
	// Connect while Lambda still counts this as the start, in which a
	// function has more processor. What fails now is tried again with the
	// first invocation.
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	if err := f.prepare(ctx); err != nil {
		log.Warn("not ready yet; tried again with the first events", "error", oneLine(err))
	}
	cancel()
	lambda.Start(f.handle)
}

// worker is what a handler stands for.
type worker interface {
	// prepare connects to AWS, once. It may be called again after an error.
	prepare(ctx context.Context) error
	// handle deals with one invocation; its answer is marshalled as JSON.
	handle(ctx context.Context, payload json.RawMessage) (any, error)
}

// environment is what a function starts with.
type environment struct {
	getenv     func(string) string
	log        *slog.Logger
	setRequest func(id string)
	connect    func(context.Context) (*app.Clients, error)
}

// workers make the functions of this program, by the name of the handler.
var workers = map[string]func(environment) (worker, error){
	"guard":    ofGuard(func(g *guards) worker { return &guardFunction{g} }),
	"sweep":    ofGuard(func(g *guards) worker { return &sweepFunction{g} }),
	"workflow": ofGuard(func(g *guards) worker { return &workflowFunction{g} }),
	"audit":    newAudit,
}

// function returns what the configured handler stands for.
func function(getenv func(string) string, log *slog.Logger, setRequest func(id string)) (worker, error) {
	begin := workers[getenv("_HANDLER")]
	if begin == nil {
		return nil, fmt.Errorf("there is no function %q in this program: set the handler to one of %s",
			getenv("_HANDLER"), strings.Join(slices.Sorted(maps.Keys(workers)), ", "))
	}
	return begin(environment{getenv, log, setRequest, func(ctx context.Context) (*app.Clients, error) {
		return app.Connect(ctx, app.Options{})
	}})
}

// ofGuard makes a function that works with the guards.
func ofGuard(begin func(*guards) worker) func(environment) (worker, error) {
	return func(e environment) (worker, error) {
		g := &guards{log: e.log, setRequest: e.setRequest, connect: e.connect}
		var err error
		if g.config, err = readConfig(e.getenv); err != nil {
			return nil, err
		}
		own := e.region()
		g.regions = append([]string{own}, slices.DeleteFunc(g.config.regions, func(r string) bool { return r == own })...)
		return begin(g), nil
	}
}

// region is the function's own.
func (e environment) region() string { return cmp.Or(e.getenv("AWS_REGION"), app.HomeRegion) }

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
