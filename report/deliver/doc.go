// Package deliver brings the report of an audit to people: it stores the
// report in S3, compares it with the one before, and tells whoever is to know,
// the differences first.
//
// A run is known by its scheduled time. Whoever begins it claims it in the
// store, by a write that succeeds once; an invocation of the same time that
// comes later, or beside it, finds the claim and does nothing. What fails is
// tried again by the next invocation of that time. A report whose storing
// failed is told all the same, and says so: that people hear of it goes before
// that they hear of it once.
package deliver
