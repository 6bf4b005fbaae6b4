package app

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxWhole is the largest request that WholeBody holds in memory, in bytes.
// What IAM, STS, SQS, SNS, EventBridge and CloudTrail take is below it.
const maxWhole = 2 << 20

// WholeBody sends each request with its body in one piece.
//
// Package http sends the header of a request ahead of a body whose type it
// does not know, and after the body looks whether there is more. The SDK's
// body answers that look with an error once the SDK has its response. A server
// that is as near as the twin may answer in between; the connection is then
// closed while the response is read, and a call that has worked looks failed.
// A body of a known type is sent together with its header, after the look.
func WholeBody(next aws.HTTPClient) aws.HTTPClient {
	if w, ok := next.(wholeBody); ok {
		return w
	}
	return wholeBody{next}
}

type wholeBody struct{ next aws.HTTPClient }

// Do implements aws.HTTPClient.
func (w wholeBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength <= 0 || r.ContentLength > maxWhole {
		return w.next.Do(r)
	}
	data := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, data)
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("read the body of the request: %w", err)
	}
	whole := r.WithContext(r.Context())
	whole.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	whole.Body, _ = whole.GetBody()
	return w.next.Do(whole)
}
