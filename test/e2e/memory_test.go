// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	agentBytes   = 12 << 20 // anonymous memory of one agent
	webhookBytes = 20 << 20 // anonymous memory of one webhook
	imageBytes   = 25 << 20 // our image, compressed
)

// TestMemory reads the anonymous memory of every agent and webhook from the node, beside a group that is written to by clients with a
// password.
func TestMemory(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	group := applyWith(t, w, namespace(t, w, nil), secret(contract.AuthKey, clientsPassword), annotated(contract.AnnotationAuthSecret, userFiles))
	formed(t, w, group)
	writer := writing(t, w, group, world.Writes{})
	acknowledged(t, writer, 500)
	stopped(t, writer)
	var pods []corev1.Pod
	for _, in := range []string{group.Namespace, world.ChartSentinels.Namespace} {
		list, err := w.Client.CoreV1().Pods(in).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		pods = append(pods, list.Items...)
	}
	measured := 0
	for _, pod := range pods {
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			limit := map[string]int64{contract.AgentContainer: agentBytes, "webhook": webhookBytes}[status.Name]
			if limit == 0 || status.State.Running == nil {
				continue
			}
			bytes, err := world.AnonymousMemory(status.ContainerID)
			must(t, err)
			measured++
			t.Logf("%-55s %5.1f MiB anonymous", pod.Namespace+"/"+pod.Name+" "+status.Name, float64(bytes)/(1<<20))
			if bytes > limit {
				t.Errorf("%s of %s holds more than %d MiB", status.Name, pod.Name, limit>>20)
			}
		}
	}
	if measured < 3+3+2 {
		t.Errorf("%d processes measured: three agents of the group, three of the Sentinels and two webhooks are expected", measured)
	}
}

// TestImageSize compresses our image as a registry would.
func TestImageSize(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	files, err := w.ImageFiles(t.Context(), t.TempDir())
	must(t, err)
	for _, path := range files {
		if filepath.Base(path) != release+".tar" {
			continue
		}
		size, err := compressed(path)
		must(t, err)
		t.Logf("%s is %.1f MiB compressed", path, float64(size)/(1<<20))
		if size > imageBytes {
			t.Errorf("our image is above %d MiB", imageBytes>>20)
		}
		return
	}
	t.Errorf("none of the images is ours: %v", files)
}

func compressed(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("reading an image: %w", err)
	}
	defer file.Close()
	var count counter
	writer := gzip.NewWriter(&count)
	if _, err := io.Copy(writer, file); err != nil {
		return 0, fmt.Errorf("compressing %s: %w", path, err)
	}
	if err := writer.Close(); err != nil {
		return 0, fmt.Errorf("compressing %s: %w", path, err)
	}
	return int64(count), nil
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
