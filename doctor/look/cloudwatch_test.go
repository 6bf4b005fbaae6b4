package look_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"warden/doctor"
)

// fakeCloudWatch answers the two calls of doctor as CloudWatch does, in CBOR:
// moto 5.2.5 does not speak that protocol, and the SDK no other. Source:
// Smithy documentation, "Smithy RPC v2 CBOR protocol".
type fakeCloudWatch struct {
	mu     sync.Mutex
	alarms map[string]doctor.WantAlarm
	runs   map[string]time.Time // by function
	denied bool
}

func (f *fakeCloudWatch) start(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func (f *fakeCloudWatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	v, err := cbor.Decode(body)
	in, ok := v.(cbor.Map)
	w.Header().Set("smithy-protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	if err != nil || !ok || f.denied {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("AccessDenied"), "message": cbor.String("not authorized\nto look")}))
		return
	}
	out := cbor.Map{}
	switch path.Base(r.URL.Path) {
	case "DescribeAlarms":
		list := cbor.List{}
		names, _ := in["AlarmNames"].(cbor.List)
		for _, n := range names {
			name, _ := n.(cbor.String)
			if a, there := f.alarms[string(name)]; there {
				list = append(list, cbor.Map{
					"AlarmName": name, "StateValue": cbor.String("OK"), "ActionsEnabled": cbor.Bool(true),
					"Namespace": cbor.String(a.Namespace), "MetricName": cbor.String(a.Metric), "ComparisonOperator": cbor.String(a.Comparison),
					"TreatMissingData": cbor.String(a.Missing), "Threshold": cbor.Float64(a.Threshold),
					"AlarmActions": cbor.List{cbor.String("arn:aws:sns:us-east-1:123456789012:warden-alerts")},
				})
			}
		}
		out["MetricAlarms"] = list
	case "GetMetricStatistics":
		points := cbor.List{}
		dimensions, _ := in["Dimensions"].(cbor.List)
		if len(dimensions) == 1 && in["Namespace"] == cbor.String("AWS/Lambda") && in["MetricName"] == cbor.String("Invocations") {
			name, _ := dimensions[0].(cbor.Map)["Value"].(cbor.String)
			if at, ran := f.runs[string(name)]; ran {
				point := func(at time.Time, n float64) cbor.Map {
					return cbor.Map{"Timestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(at.Unix())}, "Sum": cbor.Float64(n)}
				}
				// In no order, and with a period in which nothing ran.
				points = cbor.List{point(at, 2), point(at.Add(-time.Hour), 1), point(at.Add(time.Minute), 0)}
			}
		}
		out["Datapoints"] = points
	}
	_, _ = w.Write(cbor.Encode(out))
}
