package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Finding is the answer to one question about one subject, with what it rests
// on and what to do.
type Finding struct {
	// ID is stable: the same question about the same subject has the same id
	// in every run. See Identify.
	ID string `json:"id"`
	// Control is warden's own id of the question: "root.keys".
	Control string `json:"control"`
	Title   string `json:"title"`
	// Subject is the ARN of what was judged; SubjectID its unique id where
	// AWS gives it one (AIDA…, AROA…): a name that was made anew is another
	// subject.
	Subject   string `json:"subject"`
	SubjectID string `json:"subjectId,omitempty"`
	// Part tells several findings about one subject apart: "password",
	// "access key AKIA…", a region.
	Part     string   `json:"part,omitempty"`
	Status   Status   `json:"status"`
	Severity Severity `json:"severity"`
	// Summary says in one line what was found, or why nothing could be.
	Summary string `json:"summary"`
	// References are the same question in published benchmarks, each with the
	// answer under that benchmark's threshold.
	References []Reference `json:"references,omitempty"`
	Evidence   []Fact      `json:"evidence,omitempty"`
	// Remedy says what to do, and Command how; both are empty for a pass.
	Remedy  string `json:"remedy,omitempty"`
	Command string `json:"command,omitempty"`
	// Exempt says who accepted the finding until when; nil if nobody did.
	Exempt *Exempt `json:"exempt,omitempty"`
}

// Reference is a question of a benchmark and the answer under it.
type Reference struct {
	Benchmark string `json:"benchmark"` // "cis-aws"
	Version   string `json:"version"`   // "7.0.0"
	ID        string `json:"id"`        // "2.4"
	Level     int    `json:"level,omitempty"`
	// Threshold is the benchmark's own, in the unit of the question; 0 where
	// it has none.
	Threshold int    `json:"threshold,omitempty"`
	Status    Status `json:"status"`
}

// Fact is one piece of evidence.
type Fact struct {
	Fact string `json:"fact"`
	// Source is the call, report or file that it comes from.
	Source string `json:"source"`
	// At is when the source was true; nil if that is not known.
	At *time.Time `json:"at,omitempty"`
}

// Exempt is an accepted finding.
type Exempt struct {
	Reason  string    `json:"reason"`
	Owner   string    `json:"owner"`
	Expires time.Time `json:"expires"`
}

// Identify returns the stable id of a finding: a hash of the question, the
// subject and the part of it. Dates, status and wording have no influence.
func Identify(control, subject, subjectID, part string) string {
	h := sha256.Sum256([]byte(strings.Join([]string{control, subject, subjectID, part}, "\x00")))
	return "F-" + hex.EncodeToString(h[:8])
}
