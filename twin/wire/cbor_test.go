package wire

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func alarms() *cloudwatch.DescribeAlarmsOutput {
	at := time.Date(2026, 11, 23, 9, 5, 7, 250e6, time.UTC)
	return &cloudwatch.DescribeAlarmsOutput{NextToken: aws.String("t"), MetricAlarms: []types.MetricAlarm{{
		AlarmName: aws.String("é"), ActionsEnabled: aws.Bool(false), AlarmActions: []string{}, Threshold: aws.Float64(-1.5), Period: aws.Int32(300),
		EvaluationInterval: aws.Int32(-2), StateUpdatedTimestamp: &at, Metrics: []types.MetricDataQuery{{Id: aws.String("m")}},
	}}}
}

var sameAlarms = cmp.Options{cmpopts.IgnoreUnexported(cloudwatch.DescribeAlarmsOutput{}, types.MetricAlarm{}, types.MetricDataQuery{}), cmpopts.IgnoreFields(cloudwatch.DescribeAlarmsOutput{}, "ResultMetadata")}

// What is written is read back, members that are nil are left out.
func TestCBOR(t *testing.T) {
	t.Parallel()
	data := AppendCBOR(nil, alarms())
	var got cloudwatch.DescribeAlarmsOutput
	if err := DecodeCBOR(data, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(alarms(), &got, sameAlarms); d != "" {
		t.Error(d)
	}
	item, err := cbor.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if m := item.(cbor.Map); len(m) != 2 {
		t.Errorf("members %v", m)
	}
}

func TestDecodeCBORErrors(t *testing.T) {
	t.Parallel()
	for want, item := range map[string]cbor.Value{
		"MaxRecords: an integer is expected": cbor.Map{"MaxRecords": cbor.String("x")},
		"AlarmNames: a list is expected":     cbor.Map{"AlarmNames": cbor.String("x")},
		"AlarmNames[0]: text is expected":    cbor.Map{"AlarmNames": cbor.List{cbor.Uint(1)}},
		"AlarmNamePrefix: text is expected":  cbor.Map{"AlarmNamePrefix": cbor.Slice("x")},
	} {
		err := DecodeCBOR(cbor.Encode(item), &cloudwatch.DescribeAlarmsInput{})
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := DecodeCBOR([]byte{0xff}, &cloudwatch.DescribeAlarmsInput{}); err == nil {
		t.Error("nonsense was read")
	}
}

func FuzzCBOR(f *testing.F) {
	f.Add(AppendCBOR(nil, alarms()))
	f.Add(cbor.Encode(cbor.Map{"MetricAlarms": cbor.List{cbor.Map{"StateUpdatedTimestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(1e300)}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in cloudwatch.DescribeAlarmsOutput
		if DecodeCBOR(data, &in) == nil {
			_ = AppendCBOR(nil, &in)
		}
	})
}
