// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Defaults where the user has no probe of a kind.
const (
	// startFailures is how many seconds Redis may take to open its port. It opens it before it loads data, but the
	// official entrypoint first gives every file its owner.
	startFailures   = 300
	livenessPeriod  = 10
	defaultPeriod   = 10
	defaultFailures = 3
)

// probeKind is one of the three probes.
type probeKind struct {
	field   string
	handler corev1.ProbeHandler
	// period is ours, whatever the user's: 0 leaves the user's.
	period int32
	// fresh is the probe where the user has none; nil adds none.
	fresh *corev1.Probe
	of    func(*corev1.Container) **corev1.Probe
	was   func(*original) *corev1.Probe
}

// probes replaces what the probes ask, always: a probe that sends PING would kill a Redis that is fenced or loads its
// master's data. How patient they are stays the user's, except that startup and readiness ask every second.
func (j *injection) probes() {
	first := j.before == nil || j.before.Original.Container != j.server.name
	for _, kind := range j.probeKinds() {
		actual := *kind.of(j.container())
		if !first && !reflect.DeepEqual(actual, kind.was(&j.before.Original)) {
			continue // ours already, or a mesh's way of asking ours
		}
		j.setProbe(kind)
	}
}

func (j *injection) probeKinds() []probeKind {
	whole := func(h corev1.ProbeHandler, period, failures int32) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: h, PeriodSeconds: period, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: failures}
	}
	open, ready := tcp(j.port), httpGet(contract.PathReady)
	startup := probeKind{
		field: "startupProbe", handler: open, period: 1, fresh: whole(open, 1, startFailures),
		of:  func(c *corev1.Container) **corev1.Probe { return &c.StartupProbe },
		was: func(o *original) *corev1.Probe { return o.StartupProbe },
	}
	if j.role == contract.PodRoleSentinel {
		startup.fresh = nil
	}
	return []probeKind{startup, {
		field: "livenessProbe", handler: open, fresh: whole(open, livenessPeriod, defaultFailures),
		of:  func(c *corev1.Container) **corev1.Probe { return &c.LivenessProbe },
		was: func(o *original) *corev1.Probe { return o.LivenessProbe },
	}, {
		field: "readinessProbe", handler: ready, period: 1, fresh: whole(ready, 1, defaultFailures),
		of:  func(c *corev1.Container) **corev1.Probe { return &c.ReadinessProbe },
		was: func(o *original) *corev1.Probe { return o.ReadinessProbe },
	}}
}

// setProbe changes the user's probe in place, so that its other fields stay as they are.
func (j *injection) setProbe(kind probeKind) {
	at, field := j.path(kind.field), kind.of(j.container())
	probe := *field
	if probe == nil {
		if kind.fresh != nil {
			j.patch.add(at, kind.fresh)
			*field = kind.fresh
		}
		return
	}
	if !reflect.DeepEqual(probe.ProbeHandler, kind.handler) {
		j.setHandler(kind, probe)
	}
	if kind.period != 0 && probe.PeriodSeconds != kind.period {
		j.quicken(at, kind, probe)
	}
}

// setHandler takes out what the probe asked, and puts in ours.
func (j *injection) setHandler(kind probeKind, probe *corev1.Probe) {
	at := j.path(kind.field)
	if h := probe.Exec; h != nil && len(h.Command) > 0 {
		j.patch.test(at+"/exec/command", h.Command)
	}
	if probe.Exec != nil {
		j.patch.operation("remove", at+"/exec", nil)
	}
	if h := probe.HTTPGet; h != nil {
		j.patch.remove(at+"/httpGet", "/port", h.Port)
	}
	if h := probe.TCPSocket; h != nil {
		j.patch.remove(at+"/tcpSocket", "/port", h.Port)
	}
	if h := probe.GRPC; h != nil {
		j.patch.remove(at+"/grpc", "/port", h.Port)
	}
	if kind.handler.TCPSocket != nil {
		j.patch.add(at+"/tcpSocket", kind.handler.TCPSocket)
	} else {
		j.patch.add(at+"/httpGet", kind.handler.HTTPGet)
	}
}

// quicken makes a probe ask every second. A startup probe then has to fail more often, so that the container still has
// the time that the user gave it.
func (j *injection) quicken(at string, kind probeKind, probe *corev1.Probe) {
	period, failures := probe.PeriodSeconds, probe.FailureThreshold
	if period == 0 {
		j.patch.add(at+"/periodSeconds", kind.period)
		period = defaultPeriod
	} else {
		j.patch.replace(at+"/periodSeconds", period, kind.period)
	}
	if kind.field != "startupProbe" {
		return
	}
	if failures == 0 {
		j.patch.add(at+"/failureThreshold", defaultFailures*period)
	} else {
		j.patch.replace(at+"/failureThreshold", failures, longer(failures, period))
	}
}

// longer is failures times period, within an int32.
func longer(failures, period int32) int32 {
	const most = 1 << 20
	if product := int64(failures) * int64(period); product < most {
		return int32(product)
	}
	return most
}

// hook lets Redis hand over before it stops. The kubelet believes no answer, so only the header tells it from anybody
// else who calls.
func (j *injection) hook() {
	c := j.container()
	token := j.hookToken()
	if token == "" && j.in.Offline {
		return
	}
	if token == "" {
		j.warn("no key for the preStop hook: Redis stops without a handover")
		return
	}
	want := &corev1.LifecycleHandler{HTTPGet: httpGet(contract.PathPreStop).HTTPGet}
	want.HTTPGet.HTTPHeaders = []corev1.HTTPHeader{{Name: contract.HookHeader, Value: token}}
	switch {
	case c.Lifecycle == nil:
		c.Lifecycle = &corev1.Lifecycle{PreStop: want}
		j.patch.add(j.path("lifecycle"), c.Lifecycle)
	case c.Lifecycle.PreStop == nil:
		c.Lifecycle.PreStop = want
		j.patch.add(j.path("lifecycle/preStop"), want)
	case !isHook(c.Lifecycle.PreStop):
		j.warn("container %s keeps its own preStop hook: a master hands over only if its deletion is seen while that hook runs; leave the hook out, above all one that calls SENTINEL FAILOVER", c.Name)
	case !covers(c.Lifecycle.PreStop, want):
		j.patch.test(j.path("lifecycle/preStop/httpGet/path"), contract.PathPreStop)
		j.patch.add(j.path("lifecycle/preStop"), want)
	}
}

func isHook(h *corev1.LifecycleHandler) bool {
	return h.HTTPGet != nil && h.HTTPGet.Path == contract.PathPreStop && h.HTTPGet.Port.IntValue() == contract.AgentPort
}
