// Package scene plays an intruder who fights the guard, in virtual time, and
// checks what the guard promises: the invariants of docs/guard.md. It is tests
// only.
//
// A scene is the sample company on a twin, two runtimes of the guard, an
// administrator at his daily work, and an intruder who acts every half second
// with every credential that he can get. What AWS does to events and calls,
// when a runtime dies and what the intruder tries come from one seed, and the
// same seed plays the same scene.
package scene
