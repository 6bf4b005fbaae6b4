package respond

import (
	"context"
	"fmt"
	"strings"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/finding"
	"warden/notify"
)

// maxUnreadable is of how many messages a day people are told one by one that
// they could not be read.
const maxUnreadable = 5

// unreadableIncident is the id under which the ledger keeps what was told of
// messages that could not be read.
func unreadableIncident(account string) string { return "unreadable-" + account }

// Unreadable deals with a message of the queue that is no event: it is kept in
// the ledger for inspection, and people are told, because what reads like
// nothing may be a call that nobody sees. false means that it has to be
// delivered again.
func (r *Responder) Unreadable(ctx context.Context, from string, body []byte, reason error) (dealt bool) {
	if r.Ledger == nil {
		return true
	}
	if !r.quarantine(ctx, from, body, reason) {
		return false
	}
	id := unreadableIncident(r.Account)
	if _, err := r.Ledger.OpenIncident(ctx, id, ledger.Opening{
		Account: r.Account, Caller: "warden", Kind: "warden", Severity: finding.High.String(), Title: "messages that could not be read",
	}); err != nil {
		r.Log.Error("could not be told", "from", from, "error", oneLine(err))
		return false
	}
	in, err := r.Ledger.Incident(ctx, id)
	if err != nil {
		r.Log.Error("could not be told", "from", from, "error", oneLine(err))
		return false
	}
	day := "unreadable " + r.Now().UTC().Format(time.DateOnly) + " "
	kind := day + change.Short(change.Hash(string(body)))
	told := map[string]bool{}
	for _, n := range in.Notifications {
		if of, _, _ := strings.Cut(n.Channel, "/"); strings.HasPrefix(of, day) {
			told[of] = true
		}
	}
	if len(told) >= maxUnreadable && !told[kind] {
		return true
	}
	last := ""
	if len(told) == maxUnreadable-1 {
		last = "; this is the last such message of today"
	}
	res := Result{}
	res.Incident = id
	r.tell(ctx, &res, 0, kind, notify.Message{
		Incident: id, Severity: finding.High, Subject: "warden could not read a message of its queue",
		Text: fmt.Sprintf("from   %s\nwhy    %s\nsize   %d bytes\ndone   it is kept for inspection: warden ledger inputs\n"+
			"next   if it was a call, nobody judged it: look at it, and at who can write to the queue%s\n", notify.Line(from), notify.Line(oneLine(reason)), len(body), last),
	})
	if res.Err != nil {
		r.Log.Error("could not be told", "from", from, "error", oneLine(res.Err))
	}
	return !res.Retry
}
