// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func TestDryRunPod(t *testing.T) {
	for name, test := range map[string]struct {
		inject bool
		want   string
	}{
		"with a webhook that is not called": {false, "without the agent"},
		"with a webhook that injects":       {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := false
			c := fakeClient(t).WithInterceptorFuncs(interceptor.Funcs{Create: func(_ context.Context, _ client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				var options client.CreateOptions
				options.ApplyOptions(opts)
				asked = len(options.DryRun) == 1
				if test.inject {
					pod := o.(*corev1.Pod)
					pod.Spec.InitContainers = []corev1.Container{{Name: contract.AgentContainer, Image: "i"}}
				}
				return nil
			}}).Build()
			var out strings.Builder
			err := dryRunPod(t.Context(), c, "n", &out)
			switch {
			case !asked:
				t.Error("the pod was sent without dry-run")
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one that contains %q", err, test.want)
			}
		})
	}
}
