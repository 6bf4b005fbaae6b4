// Package apply carries out plans. It is the only package that calls an
// operation which changes identities or guardrails.
//
// For every step of a plan, in order:
//
//  1. the setting is read, unless it was captured a moment ago. Already as
//     the step wants it: nothing is called, and undo will leave it. In
//     another state than the plan was made for: nothing is called either.
//  2. the intent is stored in the ledger, with the state that was found;
//  3. the call is made;
//  4. the setting is read back (not after CreatePolicy and
//     CreatePolicyVersion, whose answers state what was made);
//  5. the outcome is stored.
//
// A process that dies between 2 and 5 leaves an intent without an outcome.
// [Applier.Resume] reads the setting: in the state After, the call had taken
// effect; in the state before, it is made now. Every call either leaves the
// account alone when it is repeated or fails because the thing exists, so no
// effect is lost and none is doubled. The same reading resolves a call whose
// answer never came.
//
// A step that fails does not stop those after it: containing a caller who has
// four ways in must not end at the first that cannot be closed. A step that
// another worker is at does: that one carries out the rest. A ledger that
// cannot be written stops everything, because a call that is not in the
// ledger could not be undone.
package apply
