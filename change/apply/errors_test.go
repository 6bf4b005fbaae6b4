package apply_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"warden/change/apply"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	code := func(c string, status int) error {
		return fmt.Errorf("operation error: %w", &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      &smithy.GenericAPIError{Code: c}})
	}
	preds := []struct {
		name string
		is   func(error) bool
	}{
		{"not found", apply.IsNotFound}, {"exists", apply.IsExists}, {"conflict", apply.IsConflict}, {"quota", apply.IsQuota},
		{"denied", apply.IsDenied}, {"unmodifiable", apply.IsUnmodifiable}, {"throttle", apply.IsThrottle}, {"ambiguous", apply.IsAmbiguous},
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{code("NoSuchEntity", 404), "not found"},
		{&types.NoSuchEntityException{}, "not found"},
		{&types.EntityAlreadyExistsException{}, "exists"},
		{&types.DeleteConflictException{}, "conflict"},
		{&types.LimitExceededException{}, "quota"},
		{code("AccessDenied", 403), "denied"},
		{&types.UnmodifiableEntityException{}, "unmodifiable"},
		{code("Throttling", 400), "throttle"},
		{code("ThrottlingException", 503), "throttle"},
		{code("ServiceFailure", 500), "ambiguous"},
		{&types.ServiceFailureException{}, "ambiguous"},
		{context.DeadlineExceeded, "ambiguous"},
		{errors.New("connection reset"), "ambiguous"},
		{code("ValidationError", 400), ""},
	} {
		got := ""
		for _, p := range preds {
			if p.is(tt.err) {
				got += p.name
			}
		}
		if got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}
