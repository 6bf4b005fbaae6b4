package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/app"
	"warden/notify"
)

// channels are the flags that say who is told besides the terminal.
type channels struct {
	topic        string
	slackFile    string
	mailTo       []string
	mailFrom     string
	smtp         string
	passwordFile string
}

// smtpPassword is the environment variable with the mail server's password.
// A flag would show it to everybody who lists processes.
const smtpPassword = "WARDEN_SMTP_PASSWORD"

func channelFlags(cmd *cobra.Command) *channels {
	o := new(channels)
	f := cmd.Flags()
	f.StringVar(&o.topic, "topic", "", "ARN of the SNS topic to notify, besides standard output")
	f.StringVar(&o.slackFile, "slack-webhook-file", "", "file with the URL of a Slack incoming webhook to notify")
	f.StringSliceVar(&o.mailTo, "mail-to", nil, "address to notify by mail (repeatable)")
	f.StringVar(&o.mailFrom, "mail-from", "", "address that mail comes from")
	f.StringVar(&o.smtp, "smtp", "", "mail server: smtps://USER@HOST:465 or smtp://USER@HOST:587, always with TLS")
	f.StringVar(&o.passwordFile, "smtp-password-file", "", "file with the mail server's password (default: the variable "+smtpPassword+")")
	return o
}

// check refuses channels that could never be reached, before they are needed.
func (o *channels) check() error {
	if a, err := account.ParseARN(o.topic); o.topic != "" && (err != nil || a.Service != "sns" || a.Account == "") {
		return usageErrorf("--topic %q: want the ARN of an SNS topic", o.topic)
	}
	if mail := len(o.mailTo) > 0; mail != (o.mailFrom != "") || mail != (o.smtp != "") {
		return usageErrorf("--mail-to, --mail-from and --smtp go together")
	}
	return nil
}

// notifiers are the channels that the flags name, each told on its own.
func (o *channels) notifiers(clients *app.Clients, aws app.Options) (notify.All, error) {
	var all notify.All
	if o.topic != "" {
		all = append(all, notify.Channel{Name: "sns", Notifier: notify.Retry{Notifier: notify.NewTopic(clients.SNS, o.topic)}})
	}
	if o.slackFile != "" {
		url, err := os.ReadFile(o.slackFile)
		if err != nil {
			return nil, err
		}
		slack, err := notify.NewSlack(string(url), aws.EndpointURL != "")
		if err != nil {
			return nil, usageErrorf("--slack-webhook-file %s: %v", o.slackFile, err)
		}
		all = append(all, notify.Channel{Name: "slack", Notifier: notify.Retry{Notifier: slack}})
	}
	if o.smtp != "" {
		password := os.Getenv(smtpPassword)
		if o.passwordFile != "" {
			text, err := os.ReadFile(o.passwordFile)
			if err != nil {
				return nil, fmt.Errorf("--smtp-password-file: %w", err)
			}
			password = strings.TrimRight(string(text), "\r\n")
		}
		mail, err := notify.NewMail(notify.MailOptions{Server: o.smtp, Password: password, From: o.mailFrom, To: o.mailTo})
		if err != nil {
			return nil, usageErrorf("--smtp: %v", err)
		}
		all = append(all, notify.Channel{Name: "mail", Notifier: notify.Retry{Notifier: mail}})
	}
	return all, nil
}
