// A tree that breaks every rule once: see TestBreachesAreSeen.
module warden

go 1.26.0

require github.com/aws/aws-sdk-go-v2 v0.0.0

replace github.com/aws/aws-sdk-go-v2 => ./stub/aws-sdk-go-v2
