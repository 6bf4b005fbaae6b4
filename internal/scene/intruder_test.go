package scene

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"warden/app"
)

// beat is how often the intruder acts.
const beat = 500 * time.Millisecond

// intruder has a leaked key and knows AWS.
type intruder struct {
	s      *scene
	random *rand.Rand
	acts   []act
	total  int

	credentials []*credential
	users       []string // his own and those that he made, by name
	roles       []string // that he made or changed, by name
	keys        []userKey
	victims     []string // others whom he touched: ARNs or names
	bystanders  []string // users who are no administrators, by name
	again       func(ctx context.Context, c *credential) error
	n           int
	refusals    int
}

type userKey struct{ user, id string }

// credential is something that calls can be signed with.
type credential struct {
	name    string
	user    string // the user behind it, "" for a role's
	role    string
	clients *app.Clients
	refused int
	dropped bool
}

// act is one thing that he may do.
type act struct {
	name   string
	weight int
	do     func(ctx context.Context, c *credential) error
}

var errNothing = errors.New("nothing to do it with")

func newIntruder(s *scene) *intruder {
	in := &intruder{s: s, random: rand.New(rand.NewPCG(uint64(s.cfg.seed), 0x696e7472)), users: []string{s.Truth.Intruder}}
	id, secret, err := s.Twin.Credentials(s.Truth.Intruder)
	if err != nil {
		s.tb.Fatal(err)
	}
	in.keys = []userKey{{s.Truth.Intruder, id}}
	in.credentials = []*credential{{name: "key of " + s.Truth.Intruder, user: s.Truth.Intruder, clients: s.clients("leaked", app.Key{ID: id, Secret: secret})}}
	for _, u := range s.before.Users {
		if !slices.Contains(u.Groups, "Administrators") && u.Name != s.Truth.Guard {
			in.bystanders = append(in.bystanders, u.Name)
		}
	}
	in.acts = in.repertoire()
	for _, a := range in.acts {
		in.total += a.weight
	}
	return in
}

// fight acts every half second until the context ends.
func (in *intruder) fight(ctx context.Context) {
	for tick := 0; pause(ctx, beat); tick++ {
		c := in.credential(tick)
		if c == nil {
			continue
		}
		a := in.draw()
		err := a.do(ctx, c)
		if errors.Is(err, errNothing) || ctx.Err() != nil {
			continue
		}
		in.count(c, err)
		in.s.note("intruder", "%s: %s: %v", c.name, a.name, errText(err))
	}
}

// lastStand tries everything that he holds: to write, and to take a role and
// write with that.
func (in *intruder) lastStand(ctx context.Context) {
	held := slices.Clone(in.credentials)
	for _, c := range held {
		err := in.simple(ctx, c)
		in.s.note("intruder", "last stand: %s: makes a user: %v", c.name, errText(err))
		roles := in.takeable()
		if in.assumeAs(ctx, c, roles[in.random.IntN(len(roles))], in.next("s")) == nil {
			taken := in.credentials[len(in.credentials)-1]
			err := in.simple(ctx, taken)
			in.s.note("intruder", "last stand: %s as %s: makes a user: %v", c.name, taken.name, errText(err))
		}
	}
}

// credential chooses what he acts with: what was not refused three times
// running, and now and then what was.
func (in *intruder) credential(tick int) *credential {
	var alive []*credential
	for _, c := range in.credentials {
		if !c.dropped {
			alive = append(alive, c)
		}
	}
	if tick%10 == 9 || len(alive) == 0 && tick%4 == 0 {
		return in.credentials[in.random.IntN(len(in.credentials))]
	}
	if len(alive) == 0 {
		return nil
	}
	return alive[in.random.IntN(len(alive))]
}

func (in *intruder) draw() act {
	n := in.random.IntN(in.total)
	for _, a := range in.acts {
		if n -= a.weight; n < 0 {
			return a
		}
	}
	return in.acts[0]
}

func (in *intruder) count(c *credential, err error) {
	switch {
	case err == nil:
		c.refused, c.dropped = 0, false
	case refusedBy(err):
		in.refusals++
		if c.refused++; c.refused >= 3 {
			c.dropped = true
		}
	}
}

// refusedBy reports whether AWS did not let him.
func refusedBy(err error) bool {
	switch errCode(err) {
	case "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ExpiredToken":
		return true
	}
	return false
}

func errCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func errText(err error) string {
	switch {
	case err == nil:
		return "done"
	case errCode(err) != "":
		return errCode(err)
	}
	return err.Error()
}

// hold keeps a credential that he got.
func (in *intruder) hold(c *credential, key app.Key) {
	c.clients = in.s.clients(c.name, key)
	in.credentials = append(in.credentials, c)
}

func keyOf(c *types.Credentials) app.Key {
	return app.Key{ID: aws.ToString(c.AccessKeyId), Secret: aws.ToString(c.SecretAccessKey), Token: aws.ToString(c.SessionToken)}
}

func (in *intruder) user() string { return in.users[in.random.IntN(len(in.users))] }

func (in *intruder) next(kind string) string {
	in.n++
	return fmt.Sprintf("%s-%d", kind, in.n)
}

func (in *intruder) touched(what string) {
	if !slices.Contains(in.victims, what) {
		in.victims = append(in.victims, what)
	}
}
