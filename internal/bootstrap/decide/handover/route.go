// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Clients that ask Sentinels are sent away once Sentinels name the successor. Those that come through a Service come back by the same way,
// and find my Redis again until the Service has moved, which is later, and on a busy node much later. A replica refuses their writes, and
// some clients never leave a server that does. So my Redis goes on to hold their writes back until the Service has moved, and sends them
// away again.

const (
	// restTime is how long a pod that ends lets proxies rest before it holds writes back. They follow changes at most once a second, and
	// have just been told that this pod ends; one that was Ready a moment before, in a rolling update, made them wait already. Clients
	// notice nothing of it.
	restTime = 2200 * time.Millisecond
	// graceToRest is the least time that a pod must have to end for that: the kubelet's hook has a third of it.
	graceToRest = 15 * time.Second
	// restSpare is the time that is left for the pause to begin in.
	restSpare = 500 * time.Millisecond
	// restEvery is how often the successor's agent is asked meanwhile.
	restEvery = 20 * time.Millisecond
)

// mayRest reports whether proxies may rest still.
func (h State) mayRest(v View) bool {
	late := !v.Now.Add(restSpare).Before(h.pausedBy)
	return h.rests && v.Service.Host != "" && v.Now.Sub(h.began[offering]) < restTime && !late
}

// reroute goes on where Sentinels name the successor, or should by now.
func (h State) reroute(v View) (Step, State) {
	switch {
	case h.service.Host == "":
		return h.follow()
	case !h.covered: // until my Redis follows it, nobody but the successor has what is written to it
		return h.follow()
	}
	h.stage, h.until = rerouting, h.soonest(v.Now.Add(rerouteTime))
	return Step{}, h
}

// awaitRoute waits until the Service leads to the successor. Whoever has asked Sentinels is sent there first.
func (h State) awaitRoute(v View) (Step, State) {
	h.moved = v.Routed == h.successor.Redis.RunID
	switch {
	case h.moved || !v.Now.Before(h.until):
		return h.follow()
	case h.sentAway.IsZero():
		h.sentAway = v.Now
		return Step{Commands: []decide.Command{{Do: decide.DisconnectClients}}}, h
	}
	return Step{Recheck: askEvery}, h
}

// follow makes my Redis a replica of the successor. Until now a write is held back; as a replica my Redis refuses it. So this comes last,
// and at once with the rest.
func (h State) follow() (Step, State) {
	return h.end(nil, decide.Command{Do: decide.ReplicateFrom, Master: h.successor.Address}, decide.Command{Do: decide.DisconnectClients}, decide.Command{Do: decide.ResumeWrites})
}

// part is over at once where the Service has moved, or there is none.
func (h State) part(v View) (Step, State) {
	if h.outcome != nil || v.Err != nil || h.service.Host == "" || h.moved {
		return Step{Done: true, Err: errors.Join(h.outcome, v.Err)}, h
	}
	h.stage, h.until = parting, v.Now.Add(rerouteTime)
	return Step{}, h
}

// sendRestAway sends clients away once more when the Service has moved. In time it has.
func (h State) sendRestAway(v View) (Step, State) {
	if v.Routed != h.successor.Redis.RunID && v.Now.Before(h.until) {
		return Step{Recheck: partingEvery}, h
	}
	h.stage, h.service = ending, model.Address{}
	return Step{Commands: []decide.Command{{Do: decide.DisconnectClients}}}, h
}

// partingEvery is how often it is asked through the Service while nobody's writes are held back.
const partingEvery = 20 * time.Millisecond
