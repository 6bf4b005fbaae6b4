package main

import (
	"context"
	"fmt"
	"time"

	"warden/app"
	"warden/notify/hub"
)

// pushAll tells the Security Hub of every account, or says what it would be
// told. One that cannot be told does not stop the others.
func (o *auditOptions) pushAll(ctx context.Context, s *streams, list []*judged) error {
	clients, err := app.Connect(ctx, *o.aws)
	if err != nil {
		return err
	}
	id, arn, err := clients.Account(ctx)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	failed := 0
	for _, j := range list {
		err := o.pushOne(ctx, s, j, clients, id, partitionOf(arn))
		if ctx.Err() != nil {
			return fmt.Errorf("audit: %w", context.Cause(ctx))
		}
		if err != nil {
			if len(list) == 1 {
				return fmt.Errorf("audit: %w", err)
			}
			failed++
			fmt.Fprintf(s.Err, "warden: audit: %s\n", printable(err.Error()))
		}
	}
	if failed > 0 {
		return fmt.Errorf("audit: Security Hub of %d of %d accounts was not told all", failed, len(list))
	}
	return nil
}

func (o *auditOptions) pushOne(ctx context.Context, s *streams, j *judged, clients *app.Clients, id, partition string) error {
	account := j.report.Account
	if account != id {
		if o.memberRole == "" {
			return fmt.Errorf("the report is of account %s, the credentials are of %s: Security Hub takes findings from their own account; give its credentials, or --member-role", account, id)
		}
		clients = clients.Assume("arn:"+partition+":iam::"+account+":role/"+o.memberRole, o.aws.ExternalID)
	}
	h := hub.New(app.SecurityHub(clients), account, clients.Region, time.Now)
	plan, err := h.Plan(ctx, j.report)
	if err != nil {
		return err
	}
	where := fmt.Sprintf("Security Hub of account %s in %s", account, clients.Region)
	fmt.Fprintf(s.Err, "%s: %d new, %d to update, %d to close (passes now, or is accepted), %d gone\n", where, plan.New, plan.Updated, plan.Closed, plan.Archived)
	if plan.Left > 0 {
		fmt.Fprintf(s.Err, "  %d are left as they are: whether they ended is unknown\n", plan.Left)
	}
	if plan.Newer > 0 {
		fmt.Fprintf(s.Err, "  %d are left as they are: Security Hub has newer evidence\n", plan.Newer)
	}
	if !o.apply {
		fmt.Fprintf(s.Err, "  nothing was sent; --apply sends %d findings in %d calls\n", len(plan.Send), plan.Calls())
		return nil
	}
	taken, refused, err := h.Send(ctx, plan)
	fmt.Fprintf(s.Err, "  %d of %d sent\n", taken, len(plan.Send))
	for _, r := range refused {
		fmt.Fprintf(s.Err, "  refused: %s\n", printable(fmt.Sprintf("%s: %s: %s", r.ID, r.Code, r.Message)))
	}
	if err == nil && len(refused) > 0 {
		err = fmt.Errorf("%s refused %d of %d findings", where, len(refused), len(plan.Send))
	}
	return err
}
