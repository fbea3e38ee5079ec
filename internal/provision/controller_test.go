// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestGroupOfAnObject: without a name there is nothing to look at.
func TestGroupOfAnObject(t *testing.T) {
	for name, tc := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"a group's":          {map[string]string{contract.LabelGroup: "cart"}, "[shop/cart]"},
		"with an empty name": {map[string]string{contract.LabelGroup: ""}, "[]"},
		"nobody's":           {nil, "[]"},
	} {
		o := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "x", Labels: tc.labels}}
		if got := fmt.Sprint(ofObject(t.Context(), o)); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
