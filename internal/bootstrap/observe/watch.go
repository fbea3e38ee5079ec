// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync/atomic"
	"time"

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

// startWatcher begins to watch what options select; each change calls wake.
func startWatcher[T runtime.Object](spawn Spawn, lw cache.ListerWatcher, example T, wake func(T)) *watcher[T] {
	return startKeeper(spawn, lw, example, wake, func(object any) any { return object })
}

// startKeeper is startWatcher with a say in what is kept of an object, after it was trimmed.
func startKeeper[T runtime.Object](spawn Spawn, lw cache.ListerWatcher, example T, wake func(T), keep func(any) any) *watcher[T] {
	w := &watcher[T]{informer: cache.NewSharedInformer(lw, example, 0)}
	_ = w.informer.SetTransform(func(object any) (any, error) { // fails only after the start
		trim(object)
		w.failed.Store(false)
		return keep(object), nil
	})
	_ = w.informer.SetWatchErrorHandler(func(*cache.Reflector, error) {
		w.failed.Store(true)
	})
	call := func(object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		if t, ok := object.(T); ok {
			wake(t)
		}
	}
	_, _ = w.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: call, UpdateFunc: func(_, now any) { call(now) }, DeleteFunc: call,
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
