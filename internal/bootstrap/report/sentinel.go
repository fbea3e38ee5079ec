// SPDX-License-Identifier: Apache-2.0

package report

import (
	"log/slog"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

// Group reports on one group of an agent beside a Sentinel. It writes no Events: three agents would say the same.
type Group struct {
	last sentinel.Decision
	err  string
}

// Decided reports one turn for the group that Sentinel knows by a name and metrics by a label, and returns its status.
func (g *Group) Decided(log *slog.Logger, name, label string, v model.SentinelView, d sentinel.Decision, err error) status.Status {
	s := status.Status{
		Group: name, Label: label, Action: d.Action.String(), Reason: string(d.Reason), Sentence: d.Reason.Sentence(),
		Ready: v.Own.Answered, Epoch: v.Record.Epoch, Master: v.Record.Holder, At: v.Now, Error: text(err),
	}
	if d.Reason != g.last.Reason || d.Action != sentinel.Wait && d.Action != g.last.Action || s.Error != g.err {
		log.Info("decided", "group", name, "action", s.Action, "reason", s.Reason, "why", s.Sentence, "target", d.Target.String(),
			"epoch", d.Epoch, "recordEpoch", v.Record.Epoch, "sentinelEpoch", v.Own.ConfigEpoch,
			"sentinelMaster", v.Own.Address.String(), "error", s.Error)
	}
	g.last, g.err = d, s.Error
	return s
}
