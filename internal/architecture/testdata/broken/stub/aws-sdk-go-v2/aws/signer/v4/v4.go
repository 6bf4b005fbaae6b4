// Package v4 stands for the SDK's signer.
package v4

type Signer struct{}
