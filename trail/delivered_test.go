package trail

import "testing"

func TestParseDelivered(t *testing.T) {
	t.Parallel()
	raw := record("A", "CreateUser")
	if e, err := ParseDelivered([]byte(raw)); err == nil {
		t.Errorf("a record without envelope: %+v", e)
	}
	if _, err := ParseDelivered([]byte("{")); err == nil {
		t.Error("no JSON at all")
	}
	wrapped := `{"id":"1","source":"aws.iam","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"us-east-1","time":"2026-01-02T03:04:05Z","detail":` + raw + `}`
	if e, err := ParseDelivered([]byte(wrapped)); err != nil || e.ID != "A" {
		t.Errorf("%+v %v", e, err)
	}
}
