package main

import (
	"os"

	"warden/account"
	"warden/app"
	"warden/notify"
)

// people are who is told, besides the log.
type people struct {
	// topic is of SNS; "" for none.
	topic string
	// slack and mail are told too; nil for none.
	slack *notify.Slack
	mail  *notify.Mail
}

// people reads who is told: SNS_TOPIC_ARN, SLACK_WEBHOOK_URL, and MAIL_SMTP
// with MAIL_FROM, MAIL_TO and MAIL_PASSWORD.
func (r *reader) people() (p people) {
	p.topic = r.getenv("SNS_TOPIC_ARN")
	region := r.getenv("AWS_REGION")
	switch {
	case p.topic != "" && !isTopic(p.topic):
		r.wrong("SNS_TOPIC_ARN", "want the ARN of an SNS topic")
	case p.topic != "" && region != "" && regionOf(p.topic) != region:
		r.wrong("SNS_TOPIC_ARN", "the topic is in %s, the function in %s: want a topic of the same region", regionOf(p.topic), region)
	}
	var err error
	if url := r.getenv("SLACK_WEBHOOK_URL"); url != "" {
		if p.slack, err = notify.NewSlack(url, false); err != nil {
			r.wrong("SLACK_WEBHOOK_URL", "%v", err)
		}
	}
	letters := notify.MailOptions{
		Server: r.getenv("MAIL_SMTP"), Password: r.getenv("MAIL_PASSWORD"), From: r.getenv("MAIL_FROM"), To: r.list("MAIL_TO"),
	}
	if letters.Server != "" {
		if p.mail, err = notify.NewMail(letters); err != nil {
			r.wrong("MAIL_SMTP", "%v (MAIL_FROM, MAIL_TO and MAIL_PASSWORD go with it)", err)
		}
	}
	return p
}

func isTopic(arn string) bool {
	a, err := account.ParseARN(arn)
	return err == nil && a.Service == "sns" && a.Account != ""
}

func regionOf(arn string) string {
	a, err := account.ParseARN(arn)
	if err != nil {
		return ""
	}
	return a.Region
}

// notifier tells the log, and each channel that is configured on its own.
func (p *people) notifier(clients *app.Clients) notify.Notifier {
	all := notify.All{notify.NewJSON(os.Stdout)}
	add := func(name string, n notify.Notifier) {
		all = append(all, notify.Channel{Name: name, Notifier: notify.Retry{Notifier: n}})
	}
	if p.topic != "" {
		add("sns", notify.NewTopic(clients.SNS, p.topic))
	}
	if p.slack != nil {
		add("slack", p.slack)
	}
	if p.mail != nil {
		add("mail", p.mail)
	}
	return all
}
