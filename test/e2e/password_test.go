// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// clientsPassword is what clients present where a test gives them a password.
const clientsPassword = "the-password-of-the-clients"

// TestPasswords gives clients a password as people do. The group forms, hands over and survives the loss of its master as one
// without; nobody enters without the password, and it stands nowhere but where its owner wrote it.
func TestPasswords(t *testing.T) {
	w := connect(t)
	for _, form := range []struct {
		name  string
		start func(*testing.T, *world.World, string) world.Group
	}{
		{"examples/password", passwordExample},
		{"requirepass in the ConfigMap of an annotation", func(t *testing.T, w *world.World, in string) world.Group {
			return applyWith(t, w, in, configMap(contract.UserConfigKey, requirepass), annotated(contract.AnnotationConfig, userFiles))
		}},
		{"requirepass in a mounted ConfigMap", func(t *testing.T, w *world.World, in string) world.Group {
			return applyWith(t, w, in, configMap("redis.conf", requirepass), mountedConf)
		}},
		{"a file with users in a mounted Secret", func(t *testing.T, w *world.World, in string) world.Group {
			users := "user default on >" + clientsPassword + " ~* &* +@all\nuser app on >of-the-app ~app:* resetchannels -@all +get +set +ping\n"
			return applyWith(t, w, in, secret("users.acl", users), mountedUsers)
		}},
	} {
		t.Run(form.name, func(t *testing.T) {
			began := time.Now()
			group := form.start(t, w, namespace(t, w, nil))
			formed(t, w, group)
			t.Logf("formed %.1f s after kubectl apply was called", time.Since(began).Seconds())
			nobodyEnters(t, w, group)
			masterDeleted(t, w, group)
			masterLost(t, w, group)
			if w.CanKill() {
				must(t, w.KillContainer(t.Context(), group.Namespace, group.Pod(0), contract.RedisContainer))
			}
			sentinelsAreThemselves(t, w, group)
			nobodyEnters(t, w, group)
			nothingLeaks(t, w, group)
		})
	}
}

// passwordExample applies the example as a user copies it.
func passwordExample(t *testing.T, w *world.World, in string) world.Group {
	t.Helper()
	root, err := world.Root()
	must(t, err)
	must(t, w.Apply(t.Context(), in, filepath.Join(root, "examples", "password")))
	group := world.NewGroup(in, "redis")
	group.Password = readSecret(t.Context(), t, w, in, "redis-clients")[contract.AuthKey]
	return group
}

// applyWith applies an object with a password and a StatefulSet that uses it.
func applyWith(t *testing.T, w *world.World, in string, object any, changes ...change) world.Group {
	t.Helper()
	_, err := w.ApplyText(t.Context(), in, manifest(t, object))
	must(t, err)
	group := apply(t, w, in, plain("redis", append([]change{labelled}, changes...)...))
	group.Password = clientsPassword
	return group
}

const (
	// userFiles names the ConfigMap or Secret with what a user wrote.
	userFiles   = "user-files"
	requirepass = "requirepass " + clientsPassword + "\nmasterauth " + clientsPassword + "\n"
)

func configMap(key, text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: userFiles}, Data: map[string]string{key: text}}
}

func secret(key, text string) *corev1.Secret {
	return &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: userFiles}, StringData: map[string]string{key: text}}
}

// mountedConf starts Redis from a redis.conf that the user mounts.
func mountedConf(set *appsv1.StatefulSet) {
	mounted(set, corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: userFiles}}})
	set.Spec.Template.Spec.Containers[0].Args = []string{"/etc/user/redis.conf", "--save", "", "--appendonly", "no"}
}

// mountedUsers has Redis take its users from a file that the user mounts.
func mountedUsers(set *appsv1.StatefulSet) {
	mounted(set, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: userFiles}})
	set.Spec.Template.Spec.Containers[0].Args = []string{"--save", "", "--appendonly", "no", "--aclfile", "/etc/user/users.acl"}
}

func mounted(set *appsv1.StatefulSet, source corev1.VolumeSource) {
	spec := &set.Spec.Template.Spec
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "user", VolumeSource: source})
	spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "user", MountPath: "/etc/user"})
}

// nobodyEnters tries all pods of a group without its password.
func nobodyEnters(t *testing.T, w *world.World, group world.Group) {
	t.Helper()
	view, err := w.Look(t.Context(), group)
	must(t, err)
	replication := contract.ReplicationUser(group.Namespace, group.StatefulSet)
	for _, node := range view.Nodes {
		for _, login := range []world.Login{
			{},
			{User: "default", Password: "another"},
			{User: "app", Password: "another"},
			{User: replication, Password: replication},
			{User: contract.AgentUser, Password: group.Password},
			{User: contract.ObserverUser, Password: group.Password},
			{User: contract.MonitorUser, Password: group.Password},
		} {
			enters, err := w.Enters(t.Context(), node.Address, login)
			must(t, err)
			if enters {
				t.Errorf("%s lets user %q in by the password %q", node.Pod, login.User, login.Password)
			}
		}
	}
}

// masterDeleted deletes the master's pod as a drain does: no acknowledged write is lost.
func masterDeleted(t *testing.T, w *world.World, group world.Group) {
	t.Helper()
	written := withoutMaster(t, w, group, w.DeletePod)
	if len(written.Lost) > 0 {
		t.Errorf("%d acknowledged writes were lost at a planned deletion", len(written.Lost))
	}
}

// masterLost makes the master's pod disappear: no write is lost that a replica had.
func masterLost(t *testing.T, w *world.World, group world.Group) {
	t.Helper()
	crash := w.ForceDeletePod
	if w.CanKill() {
		crash = w.CrashPod
	}
	written := withoutMaster(t, w, group, crash)
	if lost := written.LostReplicated(); len(lost) > 0 {
		t.Errorf("%d acknowledged writes were lost that a replica had", len(lost))
	}
}
