package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/app"
	"warden/notify"
	"warden/report"
	"warden/report/deliver"
)

// sendOptions say where a report goes besides stdout.
type sendOptions struct {
	topic, store, key string
}

func sendFlags(cmd *cobra.Command) *sendOptions {
	o := new(sendOptions)
	f := cmd.Flags()
	f.StringVar(&o.topic, "topic", "", "ARN of an SNS topic to publish the report to: what is different first, the most severe first")
	f.StringVar(&o.store, "store", "", "s3://BUCKET/PREFIX to store the report in, and to compare it with the one before")
	f.StringVar(&o.key, "store-kms-key", "", "KMS key that encrypts what is stored (default: S3's own)")
	return o
}

func (o *sendOptions) wanted() bool { return o.topic != "" || o.store != "" }

// check refuses wrong usage before anything is read.
func (o *sendOptions) check() error {
	if a, err := account.ParseARN(o.topic); o.topic != "" && (err != nil || a.Service != "sns" || a.Account == "") {
		return usageErrorf("--topic %q: want the ARN of an SNS topic", o.topic)
	}
	if o.store == "" {
		if o.key != "" {
			return usageErrorf("--store-kms-key goes with --store")
		}
		return nil
	}
	if _, err := deliver.ParsePlace(o.store); err != nil {
		return usageErrorf("--store %v", err)
	}
	return nil
}

// sendAll stores the reports and tells people, as the function audit does; one
// message for several accounts. Without apply it says what it would do, and
// asks nothing of AWS.
func (o *auditOptions) sendAll(ctx context.Context, s *streams, list []*judged, missing []report.NotAudited) error {
	var newest time.Time
	for _, j := range list {
		if j.report.Now.After(newest) {
			newest = j.report.Now
		}
	}
	scope := deliver.Organization
	if len(list)+len(missing) == 1 {
		scope = list[0].report.Account
	}
	preview := new(lastMessage)
	d := &deliver.Delivery{Tell: preview}
	if o.apply {
		var err error
		if d, err = o.delivery(ctx); err != nil {
			return err
		}
	}
	run, err := d.Begin(ctx, scope, newest, time.Now().Add(15*time.Minute))
	if errors.Is(err, deliver.ErrTold) || errors.Is(err, deliver.ErrElsewhere) {
		fmt.Fprintf(s.Err, "nothing to send: of %s, %v\n", newest.Format(time.RFC3339), err)
		return nil
	}
	if err != nil {
		return err
	}
	var kept []*deliver.Kept
	for _, j := range list {
		var problems []string
		if j.stale != "" {
			problems = []string{j.stale}
		}
		kept = append(kept, run.Keep(ctx, j.report, deliver.Extra{Name: j.called, Evidence: j.evidence, Since: j.show.Since, Problems: problems}))
	}
	done, err := run.Tell(ctx, kept, missing)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if !o.apply {
		fmt.Fprintf(s.Err, "nothing was stored or sent; --apply does both, under the subject\n  %s\n", printable(preview.Subject))
		return nil
	}
	for _, c := range done.Accounts {
		for _, x := range c.Objects {
			fmt.Fprintf(s.Err, "stored %s\n", x.URI)
		}
	}
	if done.Index != nil {
		fmt.Fprintf(s.Err, "stored %s\n", done.Index.URI)
	}
	if o.send.topic != "" {
		fmt.Fprintf(s.Err, "told %s\n", o.send.topic)
	}
	return nil
}

// delivery is where --topic and --store lead.
func (o *auditOptions) delivery(ctx context.Context) (*deliver.Delivery, error) {
	clients, err := app.Connect(ctx, *o.aws)
	if err != nil {
		return nil, err
	}
	_, arn, err := clients.Account(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	d := new(deliver.Delivery)
	if o.send.topic != "" {
		topic, err := account.ParseARN(o.send.topic)
		if err != nil {
			return nil, err
		}
		d.Tell = notify.Retry{Notifier: notify.NewTopic(clients.In(topic.Region).SNS, o.send.topic)}
	}
	if o.send.store != "" {
		place, err := deliver.ParsePlace(o.send.store)
		if err != nil {
			return nil, err
		}
		place.Key, place.Partition, place.Region = o.send.key, partitionOf(arn), clients.Region
		d.Store = deliver.NewStore(clients.S3, place)
	}
	return d, nil
}

// lastMessage keeps the message that would be sent.
type lastMessage struct{ notify.Message }

// Notify implements notify.Notifier.
func (l *lastMessage) Notify(_ context.Context, m notify.Message) error {
	l.Message = m
	return nil
}
