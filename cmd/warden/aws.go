package main

import (
	"github.com/spf13/cobra"

	"warden/app"
)

// awsFlags adds the flags that say how AWS is reached.
func awsFlags(cmd *cobra.Command) *app.Options {
	o := new(app.Options)
	f := cmd.Flags()
	f.StringVar(&o.Profile, "profile", "", "profile of the shared AWS configuration")
	f.StringVar(&o.Region, "region", "", "AWS region (default: as configured, else "+app.HomeRegion+")")
	f.StringVar(&o.EndpointURL, "endpoint-url", "", "send every call to this endpoint, for example a twin's")
	f.StringVar(&o.RoleARN, "role-arn", "", "role to assume with the configured credentials")
	f.StringVar(&o.ExternalID, "external-id", "", "external id that the role asks for")
	return o
}
