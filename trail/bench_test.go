package trail

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// ordinary is a record of the size that trails are full of: a read of S3 by a
// role session, about 1.2 KB.
func ordinary(i int) string {
	r := fmt.Sprintf(`{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE:worker-%d","arn":"arn:aws:sts::111122223333:assumed-role/worker/worker-%d","accountId":"111122223333","accessKeyId":"ASIAEXAMPLEEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE","arn":"arn:aws:iam::111122223333:role/worker","accountId":"111122223333","userName":"worker"},"webIdFederationData":{},"attributes":{"creationDate":"2026-01-02T03:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"ListObjects","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.17","userAgent":"[aws-sdk-go-v2/1.30 os/linux lang/go]","requestParameters":{"list-type":"2","bucketName":"reports","prefix":"daily/%d/","Host":"reports.s3.eu-central-1.amazonaws.com"},"responseElements":null,"requestID":"4JX1EXAMPLE","eventID":"4d482238-d0c5-4337-800f-%012d","readOnly":true,"resources":[{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::reports"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`, i, i, i, i)
	return r
}

func records(n int, each func(i int) string) []byte {
	all := make([]string, n)
	for i := range all {
		all[i] = each(i)
	}
	return []byte(`{"Records":[` + strings.Join(all, ",") + `]}`)
}

// BenchmarkClassify passes over events that do not matter, on one core: the
// guard's everyday work.
func BenchmarkClassify(b *testing.B) {
	const n = 20_000
	data := records(n, ordinary)
	scanEvents(b, &Scanner{Relevant: writesToIAM}, data, n, 0)
}

// BenchmarkClassifyGzip is BenchmarkClassify of a compressed file.
func BenchmarkClassifyGzip(b *testing.B) {
	const n = 20_000
	data := []byte(zipped(string(records(n, ordinary))))
	scanEvents(b, &Scanner{Relevant: writesToIAM}, data, n, 0)
}

// BenchmarkDecode decodes every event in full.
func BenchmarkDecode(b *testing.B) {
	const n = 2_000
	scanEvents(b, &Scanner{}, records(n, ordinary), n, n)
}

func writesToIAM(source, name string) bool {
	return source == "iam.amazonaws.com" && !strings.HasPrefix(name, "Get")
}

func scanEvents(b *testing.B, s *Scanner, data []byte, n, want int) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		if err := s.Scan("bench", bytes.NewReader(data), func(*Event) error { got++; return nil }); err != nil || got != want {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	if s.Stats().Bad > 0 {
		b.Fatalf("%+v", s.Stats())
	}
}
