// Command differential asks warden's policy engine and another one the same
// random questions and compares the answers.
//
//	differential generate -n 20000 -seed 1 > cases.jsonl
//	node iam-simulate.mjs < cases.jsonl > answers.jsonl
//	differential compare cases.jsonl answers.jsonl
//
// A case has at most one feature on which documentation and the other engine
// are known to disagree (docs/policy-differences.md). A difference in a case
// without any is one that nobody has explained: compare then exits with 3.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"syscall"
	"text/tabwriter"
	"time"

	"warden/policy"
	"warden/policy/cases"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		if errors.Is(err, errUnexplained) {
			os.Exit(3)
		}
		os.Exit(1)
	}
}

var errUnexplained = errors.New("there are differences that nobody has explained")

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("what? generate or compare")
	}
	switch args[0] {
	case "generate":
		f := flag.NewFlagSet("generate", flag.ContinueOnError)
		n := f.Int("n", 20000, "how many cases")
		seed := f.Uint64("seed", 1, "the seed")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return generate(out, *n, *seed)
	case "compare":
		if len(args) != 3 {
			return errors.New("compare CASES ANSWERS")
		}
		return compare(out, args[1], args[2])
	}
	return fmt.Errorf("%s is not generate or compare", args[0])
}

// generate writes cases with this engine's decision as the expected one.
func generate(out io.Writer, n int, seed uint64) error {
	w := bufio.NewWriter(out)
	g := generator{rand.New(rand.NewPCG(seed, 0x77617264656e))}
	for i := range n {
		line, err := json.Marshal(g.question(fmt.Sprintf("%d-%d", seed, i)))
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return w.Flush()
}

// answer is a line of the other engine: its decision on a case, or why it has
// none; the last line has its speed instead.
type answer struct {
	ID        string  `json:"id"`
	Decision  string  `json:"decision"`
	Error     string  `json:"error"`
	PerSecond float64 `json:"perSecond"`
	Engine    string  `json:"engine"`
}

// tally counts the cases of one feature.
type tally struct {
	cases, differ, refused, moreAllowed int
	example                             string
}

func compare(out io.Writer, casesFile, answersFile string) error {
	questions, err := readQuestions(casesFile)
	if err != nil {
		return err
	}
	answers, speed, err := readAnswers(answersFile)
	if err != nil {
		return err
	}
	tallies := map[string]*tally{}
	decided := 0
	var list []*cases.Case
	var lines [][]byte
	for _, q := range questions {
		c, err := cases.Parse(q.line)
		if err != nil {
			return fmt.Errorf("%s: %w", casesFile, err)
		}
		list, lines = append(list, c), append(lines, q.line)
		a, ok := answers[c.ID]
		if !ok {
			return fmt.Errorf("%s: case %s has no answer", answersFile, c.ID)
		}
		t := tallies[q.Feature]
		if t == nil {
			t = &tally{}
			tallies[q.Feature] = t
		}
		t.cases++
		if a.Error != "" {
			t.refused++
			continue
		}
		decided++
		got := policy.Decide(&c.Request, &c.Policies)
		if got.String() == a.Decision {
			continue
		}
		t.differ++
		if got == policy.Allowed {
			t.moreAllowed++
		}
		if t.example == "" {
			t.example = fmt.Sprintf("%s: warden %s, the other %s", c.ID, got, a.Decision)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FEATURE\tCASES\tDIFFER\tOF THEM ALLOWED BY WARDEN\tREFUSED BY THE OTHER\tEXAMPLE")
	unexplained := 0
	for _, name := range features() {
		t := tallies[name]
		if t == nil {
			continue
		}
		shown := name
		if name == "" {
			shown, unexplained = "(none)", t.differ
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\n", shown, t.cases, t.differ, t.moreAllowed, t.refused, t.example)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	cold := perSecond(func(i int) {
		if c, err := cases.Parse(lines[i%len(lines)]); err == nil {
			policy.Decide(&c.Request, &c.Policies)
		}
	})
	compiled := perSecond(func(i int) { c := list[i%len(list)]; policy.Decide(&c.Request, &c.Policies) })
	fmt.Fprintf(out, "\n%d cases, %d decided by both\na second of processor time: %s %.0f; warden from the same text %.0f (%.0f times), with compiled policies %.0f (%.0f times)\n",
		len(questions), decided, speed.Engine, speed.PerSecond, cold, cold/speed.PerSecond, compiled, compiled/speed.PerSecond)
	if unexplained > 0 {
		return errUnexplained
	}
	return nil
}

// perSecond runs f for about a second of processor time, which on a shared
// machine says more than the clock on the wall; the other engine is measured
// in the same way.
func perSecond(f func(i int)) float64 {
	start, n := processorTime(), 0
	for processorTime()-start < time.Second {
		for range 1000 {
			f(n)
			n++
		}
	}
	return float64(n) / (processorTime() - start).Seconds()
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type asked struct {
	Feature string `json:"feature"`
	line    []byte
}

func readQuestions(name string) ([]asked, error) {
	var out []asked
	err := eachLine(name, func(line []byte) error {
		q := asked{line: append([]byte(nil), line...)}
		out = append(out, q)
		return json.Unmarshal(line, &out[len(out)-1])
	})
	return out, err
}

func readAnswers(name string) (map[string]answer, answer, error) {
	out := map[string]answer{}
	var speed answer
	err := eachLine(name, func(line []byte) error {
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			return err
		}
		if a.ID == "" {
			speed = a
			return nil
		}
		out[a.ID] = a
		return nil
	})
	if err == nil && speed.PerSecond <= 0 {
		err = fmt.Errorf("%s: the last line, with the speed, is missing", name)
	}
	return out, speed, err
}

func eachLine(name string, fn func([]byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	n := 0
	for s.Scan() {
		n++
		if err := fn(s.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return s.Err()
}
