package twin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

// s3Error is an error as S3 writes it. Amazon S3 API Reference, Error
// responses.
type s3Error struct {
	XMLName                          xml.Name `xml:"Error"`
	Code, Message, RequestId, HostId string
}

// wrappedError is an error as S3 Control writes it: it keeps the wrapping of
// the protocol, which S3 leaves out (Smithy, "AWS restXml protocol", Operation
// error serialization).
type wrappedError struct {
	XMLName           xml.Name `xml:"ErrorResponse"`
	Error             s3Error
	RequestId, HostId string
}

// appendS3 appends the answer of S3.
func appendS3(b []byte, out any, e *apiError, c *call) []byte {
	if e != nil {
		x := s3Error{Code: e.Code, Message: e.Message, RequestId: c.requestID, HostId: c.hostID()}
		out = &x
		if strings.HasSuffix(c.operation, "AccountPublicAccessBlock") {
			out = &wrappedError{Error: x, RequestId: x.RequestId, HostId: x.HostId}
		}
	}
	body, err := xml.Marshal(out)
	if err != nil {
		return b // no type here fails to marshal
	}
	return append(append(b, xml.Header...), body...)
}

// answerSize is how many bytes an answer of S3 has.
func answerSize(out any, e *apiError, c *call) int {
	if free, ok := out.(freeAnswer); ok && e == nil {
		_, body := free.answer(http.Header{})
		return len(body)
	}
	return len(appendS3(nil, out, e, c))
}

// hostID is the second id of a request to S3, made of the first.
func (c *call) hostID() string {
	digest := sha256.Sum256([]byte(c.requestID))
	return base64.StdEncoding.EncodeToString(digest[:])
}

// appendTransfer appends additionalEventData as S3's records have it.
func (c *call) appendTransfer(b []byte, size int) []byte {
	b = append(b, `,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":`...)
	b = strconv.AppendInt(b, int64(c.received), 10)
	b = member(b, "AuthenticationMethod", "AuthHeader")
	b = member(b, "x-amz-id-2", c.hostID())
	b = append(b, `,"bytesTransferredOut":`...)
	b = strconv.AppendInt(b, int64(size), 10)
	return append(b, '}')
}

// s3Faults are the failures to authenticate in S3's words. Amazon S3 API
// Reference, "Error responses: List of error codes".
var s3Faults = [...]struct {
	code, message string
	status        int
}{
	faultMissing:      {"AccessDenied", "Access Denied", 403},
	faultIncomplete:   {"AuthorizationHeaderMalformed", "The authorization header that you provided is not valid.", 400},
	faultInvalidToken: {"InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403},
	faultMismatch:     {"SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.", 403},
	faultExpired:      {"ExpiredToken", "The provided token has expired.", 400},
}
