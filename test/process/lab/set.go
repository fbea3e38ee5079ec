// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Options describe a StatefulSet.
type Options struct {
	Name     string
	Replicas int
	// Sentinel reports whether its servers are Sentinels.
	Sentinel bool
	// Server is what the next pods run: the image in the template. Unless it is set, that is the scene's.
	Server Server
	// Args follow the server's name, as a user would write them.
	Args []string
	// Conf is the user's own redis.conf, which is mounted and named by the user; empty means none.
	Conf string
	// Persistent reports whether each pod has a volume claim that outlives it.
	Persistent bool
	// Ordered reports whether pods are created one after the other.
	Ordered bool
	// Password is what clients of the servers present; empty means nothing.
	Password string
	// Secrets are the user's own, by volume name: mounted into the server's container at the directory, with these files.
	Secrets map[string]UserSecret
	// WithoutKeys makes its pods those of the version before, whose agents knew no keys.
	WithoutKeys bool
	// PasswordRequired is what policy says of the clients' password.
	PasswordRequired bool
	// ImageUser leaves it to the image which user Sentinel runs as. Else its container says it, as the chart's does.
	ImageUser bool
	// Annotations are those of the pod template.
	Annotations map[string]string
}

// UserSecret is a Secret that the user's own container mounts.
type UserSecret struct {
	Dir   string
	Files map[string]string
}

// ownConf is where users mount their own redis.conf.
const ownConf = "/usr/local/etc/redis/redis.conf"

// Set is a StatefulSet whose pods the scene creates.
type Set struct {
	Options
	// Pods are indexed by ordinal; nil where there is none.
	Pods []*Pod

	scene  *Scene
	mu     sync.Mutex
	uid    string
	group  *mutate.Group  // as its pods were admitted last
	claims map[int]string // uid by ordinal
	past   []*Pod         // ended; their logs are still there
}

// revision is the one that all pods have.
const revision = "revision-1"

// Set makes a StatefulSet, and no pod yet.
func (s *Scene) Set(o Options) *Set {
	s.T.Helper()
	if o.Server.Name == "" {
		o.Server = s.Server
	}
	set := &Set{Options: o, scene: s, Pods: make([]*Pod, o.Replicas), claims: map[int]string{}}
	replicas := int32(o.Replicas)
	object := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: o.Name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: o.Name + "-headless", PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": o.Name}},
			Template: corev1.PodTemplateSpec{ObjectMeta: set.meta(), Spec: set.spec(0)},
		},
	}
	if o.Ordered {
		object.Spec.PodManagementPolicy = appsv1.OrderedReadyPodManagement
	}
	made, err := s.Client.AppsV1().StatefulSets(s.Namespace).Create(s.context(), object, metav1.CreateOptions{})
	if err != nil {
		s.T.Fatal(err)
	}
	set.uid = string(made.UID)
	made.Status = appsv1.StatefulSetStatus{Replicas: replicas, CurrentRevision: revision, UpdateRevision: revision}
	if _, err := s.Client.AppsV1().StatefulSets(s.Namespace).UpdateStatus(s.context(), made, metav1.UpdateOptions{}); err != nil {
		s.T.Fatal(err)
	}
	for name, secret := range o.Secrets {
		s.PutSecret(name, secret.Files)
	}
	for n := range o.Replicas {
		if o.Persistent {
			set.claim(n)
		}
	}
	s.sets = append(s.sets, set)
	return set
}

// claim makes the volume claim of an ordinal.
func (set *Set) claim(ordinal int) {
	s := set.scene
	s.T.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: set.claimName(ordinal)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	made, err := s.Client.CoreV1().PersistentVolumeClaims(s.Namespace).Create(s.context(), claim, metav1.CreateOptions{})
	if err != nil {
		s.T.Fatal(err)
	}
	set.claims[ordinal] = string(made.UID)
	if err := os.MkdirAll(set.claimDir(ordinal), 0o777); err != nil {
		s.T.Fatal(err)
	}
}

func (set *Set) claimName(ordinal int) string { return fmt.Sprintf("data-%s-%d", set.Name, ordinal) }

func (set *Set) claimDir(ordinal int) string {
	return filepath.Join(set.scene.dir, "claims", set.claims[ordinal])
}

func (set *Set) meta() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Labels:      map[string]string{"app": set.Name, contract.LabelOptIn: contract.OptInEnabled},
		Annotations: set.Annotations,
	}
}

// spec is what the user wrote.
func (set *Set) spec(ordinal int) corev1.PodSpec {
	program, name := set.Server.Redis, contract.RedisContainer
	if set.Sentinel {
		program, name = set.Server.Sentinel, contract.SentinelContainer
	}
	grace := int64(30)
	spec := corev1.PodSpec{
		ServiceAccountName: "default", Subdomain: set.Name + "-headless", TerminationGracePeriodSeconds: &grace,
		Containers: []corev1.Container{{
			Name: name, Image: "lab", Command: append([]string{program}, set.Args...),
			VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
		}},
		Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
	}
	if set.Conf != "" {
		c := &spec.Containers[0]
		c.Command = slices.Insert(c.Command, 1, ownConf)
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "conf", MountPath: filepath.Dir(ownConf)})
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "conf", VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}},
		}})
	}
	if set.Sentinel && !set.ImageUser {
		spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: new(int64(serverUser))}
	}
	for _, name := range slices.Sorted(maps.Keys(set.Secrets)) {
		c := &spec.Containers[0]
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: set.Secrets[name].Dir})
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: name},
		}})
	}
	if set.Persistent {
		spec.Volumes[0].VolumeSource = corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: set.claimName(ordinal)},
		}
	}
	return spec
}

// StartAll starts every pod that does not exist, all at once.
func (set *Set) StartAll() {
	set.scene.T.Helper()
	var all sync.WaitGroup
	for n := range set.Pods {
		if set.Pods[n] == nil {
			all.Go(func() { set.Start(n) })
		}
	}
	all.Wait()
}

// Start starts the pod of an ordinal at an address of its own.
func (set *Set) Start(ordinal int) *Pod {
	return set.StartAt(ordinal, set.scene.Network.Address())
}

// StartAt starts the pod of an ordinal at an address.
func (set *Set) StartAt(ordinal int, address netip.Addr) *Pod {
	pod, err := set.start(ordinal, address)
	if pod != nil {
		set.put(ordinal, pod)
	}
	if err != nil {
		set.scene.T.Errorf("starting pod %s-%d: %v", set.Name, ordinal, err)
		return nil
	}
	return pod
}

func (set *Set) put(ordinal int, pod *Pod) {
	set.mu.Lock()
	defer set.mu.Unlock()
	set.Pods[ordinal] = pod
}

func (set *Set) pod(ordinal int) *Pod {
	set.mu.Lock()
	defer set.mu.Unlock()
	return set.Pods[ordinal]
}

// LoseData removes all volume claims; the next pods get new ones.
func (set *Set) LoseData() {
	for n := range set.Pods {
		set.LoseDataOf(n)
	}
}

// LoseAllBut removes all volume claims; the new one of an ordinal holds what the old one held, as from a backup.
func (set *Set) LoseAllBut(ordinal int) {
	s := set.scene
	s.T.Helper()
	backup := set.claimDir(ordinal)
	set.LoseData()
	if out, err := exec.CommandContext(s.context(), "cp", "-a", backup+"/.", set.claimDir(ordinal)).CombinedOutput(); err != nil {
		s.T.Fatalf("restoring %s: %v: %s", backup, err, out)
	}
}

// ForgetRecord deletes the group's Lease.
func (set *Set) ForgetRecord() {
	s := set.scene
	s.T.Helper()
	if err := s.Client.CoordinationV1().Leases(s.Namespace).Delete(s.context(), contract.ObjectName(set.Name), metav1.DeleteOptions{}); err != nil {
		s.T.Fatal(err)
	}
}

// LoseDataOf removes one ordinal's volume claim.
func (set *Set) LoseDataOf(ordinal int) {
	s := set.scene
	s.T.Helper()
	claims := s.Client.CoreV1().PersistentVolumeClaims(s.Namespace)
	free := []byte(`{"metadata":{"finalizers":null}}`) // a controller that is not here would take it away
	if _, err := claims.Patch(s.context(), set.claimName(ordinal), types.MergePatchType, free, metav1.PatchOptions{}); err != nil {
		s.T.Fatal(err)
	}
	if err := claims.Delete(s.context(), set.claimName(ordinal), metav1.DeleteOptions{}); err != nil {
		s.T.Fatal(err)
	}
	set.claim(ordinal)
}
