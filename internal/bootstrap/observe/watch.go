// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
)

// watcher keeps a local copy of some objects of one kind, and reports whether it can be trusted.
type watcher[T runtime.Object] struct {
	informer cache.SharedInformer
	failed   atomic.Bool
}

// Spawn runs something beside the loop for as long as it needs, at most until the context that it gets ends.
type Spawn func(func(context.Context))

// startWatcher begins to watch what options select; each change of what is kept calls wake.
func startWatcher[T runtime.Object](spawn Spawn, lw cache.ListerWatcher, example T, wake func(T)) *watcher[T] {
	return startKeeper(spawn, lw, example, func(t T, _ bool) { wake(t) }, all)
}

// all keeps everything of an object.
func all(object any) any { return object }

// startKeeper is startWatcher with a say in what is kept of an object, after it was trimmed; wake is told whether the object is gone.
func startKeeper[T runtime.Object](spawn Spawn, lw cache.ListerWatcher, example T, wake func(t T, gone bool), keep func(any) any) *watcher[T] {
	w := &watcher[T]{informer: cache.NewSharedInformer(lw, example, 0)}
	_ = w.informer.SetTransform(func(object any) (any, error) { // fails only after the start
		trim(object)
		w.failed.Store(false)
		return keep(object), nil
	})
	_ = w.informer.SetWatchErrorHandler(func(*cache.Reflector, error) {
		w.failed.Store(true)
	})
	call := func(object any, gone bool) {
		if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = last.Obj
		}
		if t, ok := object.(T); ok {
			wake(t, gone)
		}
	}
	_, _ = w.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { call(object, false) },
		UpdateFunc: func(before, now any) {
			if !same(before, now) {
				call(now, false)
			}
		},
		DeleteFunc: func(object any) { call(object, true) },
	})
	spawn(func(ctx context.Context) {
		defer func() {
			if ctx.Err() == nil { // a watch that ended by itself shows the past for ever
				w.failed.Store(true)
			}
		}()
		w.informer.RunWithContext(ctx)
	})
	return w
}

// same reports whether an object says what it said, to those who read what is kept of it. A version alone is no news: a change of master
// writes labels, statuses and annotations, and a turn for each of them would cost clients the time that they wait.
func same(before, now any) bool {
	a, ok := before.(runtime.Object)
	b, fits := now.(runtime.Object)
	if !ok || !fits {
		return false
	}
	x, y := a.DeepCopyObject(), b.DeepCopyObject()
	for _, o := range []any{x, y} {
		if m, ok := o.(metav1.Object); ok {
			m.SetResourceVersion("")
		}
	}
	return equality.Semantic.DeepEqual(x, y)
}

// healthy reports whether the copy was complete once, and the last answer from the API was not an error.
func (w *watcher[T]) healthy() bool { return w.informer.HasSynced() && !w.failed.Load() }

// synced reports whether the copy was complete once.
func (w *watcher[T]) synced() bool { return w.informer.HasSynced() }

// all returns the objects of the copy; they must not be changed.
func (w *watcher[T]) all() []T {
	list := w.informer.GetStore().List()
	out := make([]T, 0, len(list))
	for _, object := range list {
		if t, ok := object.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// requestDeadline bounds a single live read.
const requestDeadline = 500 * time.Millisecond
