// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// podRefused is the reason of the Event about pods that somebody's object makes by another, and that are refused.
const podRefused = "PodRefused"

// tellWithin bounds what telling a refusal may add to it.
const tellWithin = time.Second

// tell repeats the refusal of a pod where its user looks. A controller writes it on the object that makes the pod; where another made that, as a
// Deployment makes ReplicaSets, the user sees nothing of it. What the pod names is believed only as far as the API server confirms it.
func (s *Server) tell(ctx context.Context, pod *corev1.Pod, namespace, refusal string) {
	owner := metav1.GetControllerOf(pod)
	if s.Events == nil || s.Reviewer.Live == nil || owner == nil || owner.Kind != "ReplicaSet" && owner.Kind != "Job" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	made := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: owner.APIVersion, Kind: owner.Kind}}
	if err := s.Reviewer.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: owner.Name}, made); err != nil || made.UID != owner.UID {
		return // whoever asks hears it all the same
	}
	maker := metav1.GetControllerOf(made)
	if maker == nil {
		return
	}
	of := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: maker.APIVersion, Kind: maker.Kind}}
	of.Namespace, of.Name, of.UID = namespace, maker.Name, maker.UID
	s.Events.Eventf(of, nil, corev1.EventTypeWarning, podRefused, "Admit", "%s", cut(refusal, longestNote))
}

// longestNote is the longest text of an Event.
const longestNote = 1000
