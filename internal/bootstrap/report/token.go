// SPDX-License-Identifier: Apache-2.0

package report

import (
	"log/slog"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Token tells in the log when the API begins to refuse the token of a pod, and when it knows it again.
type Token struct{ refused bool }

// Seen takes in whether it is refused now.
func (t *Token) Seen(log *slog.Logger, refused bool) {
	switch {
	case refused == t.refused:
	case refused:
		log.Error("the API refuses the token of this pod", "reason", string(model.TokenRefused), "advice", model.TokenRefused.Advice())
	default:
		log.Info("the API knows the token of this pod again", "reason", string(model.TokenRefused))
	}
	t.refused = refused
}
