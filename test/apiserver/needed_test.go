// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// right is one verb on one kind of object, or on one object of it. in is where it holds: everywhere, where it is empty.
type right struct{ in, group, resource, verb, name string }

func (r right) String() string {
	return strings.TrimSpace(strings.Join([]string{r.verb, strings.Trim(r.resource+"."+r.group, "."), r.name}, " "))
}

// apart takes rules apart into rights.
func apart(in string, rules []rbacv1.PolicyRule) []right {
	var out []right
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range rule.Verbs {
			for _, name := range names {
				out = append(out, right{in, rule.APIGroups[0], rule.Resources[0], verb, name})
			}
		}
	}
	return out
}

func together(rights []right, in string) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, r := range rights {
		if r.in != in {
			continue
		}
		rule := rbacv1.PolicyRule{APIGroups: []string{r.group}, Resources: []string{r.resource}, Verbs: []string{r.verb}}
		if r.name != "" {
			rule.ResourceNames = []string{r.name}
		}
		out = append(out, rule)
	}
	return out
}

// refusals are the answers 403 that an account got, and what was granted to it.
type refusals struct {
	mu      sync.Mutex
	all     []string
	granted []string
}

// watch has an account's refused requests noted. It answers like an API server of Kubernetes 1.30, which does not stream what a
// list would have in it: there a right to list is needed beside that to watch.
func (r *refusals) watch(cfg *rest.Config) *rest.Config {
	out := rest.CopyConfig(cfg)
	out.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.URL.Query().Get("sendInitialEvents") == "true" {
				text := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"sendInitialEvents is not supported"}`
				return &http.Response{
					StatusCode: http.StatusUnprocessableEntity, Request: request, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(text)),
				}, nil
			}
			response, err := next.RoundTrip(request)
			if err != nil {
				return response, err
			}
			if response.StatusCode != http.StatusForbidden {
				r.note(&r.granted, asked(request))
				return response, nil
			}
			text, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil { // the job ended before it had heard why
				return nil, err
			}
			response.Body = io.NopCloser(bytes.NewReader(text))
			r.note(&r.all, asked(request)+": "+strings.ReplaceAll(string(text), `\"`, `"`))
			return response, nil
		})
	})
	return out
}

func (r *refusals) note(in *[]string, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*in = append(*in, text)
}

func (r *refusals) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.all...)
}

// asked is a request in short. Of its query only that it watches is of interest.
func asked(request *http.Request) string {
	text := request.Method + " " + request.URL.Path
	if request.URL.Query().Get("watch") != "" {
		text += "?watch"
	}
	return text
}

// any reports whether something was refused.
func (r *refusals) any() bool { return len(r.list()) > 0 }

// beside reports whether everything that the job does beside its steps has been granted, or something was refused.
func (r *refusals) beside() bool {
	if r.any() {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, want := range []string{"^GET .*/mutatingwebhookconfigurations[?]watch", "^GET .*/secrets[?]watch", "^PATCH .*/events/"} {
		if !slices.ContainsFunc(r.granted, regexp.MustCompile(want).MatchString) {
			return false
		}
	}
	return true
}

// of reports whether a refusal is for want of that right: to do something, or to grant it.
func (r right) of(refusal string) bool {
	asked := fmt.Sprintf(`cannot %s resource "%s" in API group "%s"`, r.verb, r.resource, r.group)
	granted := fmt.Sprintf(`APIGroups:["%s"], Resources:["%s"]`, r.group, r.resource)
	if r.verb == "bind" { // who may not bind a role has to hold what is in it
		granted = `Resources:["pods/status"]`
	}
	return strings.Contains(refusal, asked) || strings.Contains(refusal, "attempting to grant") && strings.Contains(refusal, granted)
}

// TestEveryRightOfTheWebhookIsNeeded takes one right after the other from the webhook's account and lets it do its work: each
// time it is refused what the missing right is for, and nothing else. So none is missing, and no narrower set would do.
func TestEveryRightOfTheWebhookIsNeeded(t *testing.T) {
	c := admin(t)
	labels := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: unique(t) + "-labels"}, Rules: provision.LabelsRules()}
	create(t, c, labels)
	configuration := newConfiguration(t, c, contract.WebhookPods)
	rights := append(apart("", provision.WebhookRules(labels.Name, configuration)),
		apart("home", provision.WebhookOwnRules("webhook-ca", "webhook-hook", "webhook-key"))...)
	t.Run("rights", func(t *testing.T) {
		t.Run("with all", func(t *testing.T) {
			t.Parallel()
			for _, refusal := range workWith(t, c, labels.Name, rights, (*refusals).beside) {
				t.Error("refused: ", refusal)
			}
		})
		for i, missing := range rights {
			t.Run("without "+missing.String(), func(t *testing.T) {
				t.Parallel()
				refused := workWith(t, c, labels.Name, append(append([]right(nil), rights[:i]...), rights[i+1:]...), (*refusals).any)
				if len(refused) == 0 {
					t.Error("nobody misses it")
				}
				for _, refusal := range refused {
					if !missing.of(refusal) {
						t.Error("refused for another reason: ", refusal)
					}
				}
			})
		}
	})
}

// workWith does the webhook's work with some rights until it is over and enough has been heard, and returns what was refused.
func workWith(t *testing.T, c client.Client, labels string, rights []right, enough func(*refusals) bool) []string {
	t.Helper()
	j := newJob(t, c, labels)
	account := contract.Account(j.home, "webhook")
	for in, namespace := range map[string]string{"": "", "home": j.home} {
		rules := together(rights, in)
		for i := range rules { // every job has a configuration of its own
			if rules[i].Resources[0] == "mutatingwebhookconfigurations" {
				rules[i].ResourceNames = []string{j.configuration}
			}
		}
		grant(t, c, j.home, namespace, rules)
	}
	cfg := rest.CopyConfig(server)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: account, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
	j.awaitRights(t, account, rights)
	var refused refusals
	j.do(t, refused.watch(cfg), func() bool { return enough(&refused) })
	return refused.list()
}
