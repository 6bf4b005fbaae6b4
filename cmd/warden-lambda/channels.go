package main

import (
	"os"

	"warden/app"
	"warden/notify"
)

// channels reads who is told besides the log and the topic: SLACK_WEBHOOK_URL,
// and MAIL_SMTP with MAIL_FROM, MAIL_TO and MAIL_PASSWORD.
func (r *reader) channels(c *config) {
	var err error
	if url := r.getenv("SLACK_WEBHOOK_URL"); url != "" {
		if c.slack, err = notify.NewSlack(url, false); err != nil {
			r.wrong("SLACK_WEBHOOK_URL", "%v", err)
		}
	}
	letters := notify.MailOptions{
		Server: r.getenv("MAIL_SMTP"), Password: r.getenv("MAIL_PASSWORD"), From: r.getenv("MAIL_FROM"), To: r.list("MAIL_TO"),
	}
	if letters.Server != "" {
		if c.mail, err = notify.NewMail(letters); err != nil {
			r.wrong("MAIL_SMTP", "%v (MAIL_FROM, MAIL_TO and MAIL_PASSWORD go with it)", err)
		}
	}
}

// notifier tells the log, and each channel that is configured on its own.
func (c *config) notifier(clients *app.Clients) notify.Notifier {
	all := notify.All{notify.NewJSON(os.Stdout)}
	add := func(name string, n notify.Notifier) {
		all = append(all, notify.Channel{Name: name, Notifier: notify.Retry{Notifier: n}})
	}
	if c.topic != "" {
		add("sns", notify.NewTopic(clients.SNS, c.topic))
	}
	if c.slack != nil {
		add("slack", c.slack)
	}
	if c.mail != nil {
		add("mail", c.mail)
	}
	return all
}
