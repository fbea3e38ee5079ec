// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// RenewAccount deletes the group's service account and makes it again, as somebody does who deletes too much and the webhook after him.
// The tokens of the pods are those of an account that is gone.
func (set *Set) RenewAccount() {
	s := set.scene
	s.T.Helper()
	accounts := s.Client.CoreV1().ServiceAccounts(s.Namespace)
	account, err := accounts.Get(s.context(), set.Live()[0].object.Spec.ServiceAccountName, metav1.GetOptions{})
	if err == nil {
		err = accounts.Delete(s.context(), account.Name, metav1.DeleteOptions{})
	}
	if err == nil {
		account.ObjectMeta = metav1.ObjectMeta{Name: account.Name, Labels: account.Labels}
		_, err = accounts.Create(s.context(), account, metav1.CreateOptions{})
	}
	if err != nil {
		s.T.Fatal(err)
	}
}

// RenewToken is what the kubelet does within an hour.
func (p *Pod) RenewToken() {
	p.set.scene.T.Helper()
	if err := p.token(); err != nil {
		p.set.scene.T.Fatal(err)
	}
}

// TokenRefused reports whether the agent says that the API refuses its token.
func (p *Pod) TokenRefused(ctx context.Context) bool {
	return strings.Contains(p.says(ctx, contract.PathStatus), `"tokenRefused":true`)
}
