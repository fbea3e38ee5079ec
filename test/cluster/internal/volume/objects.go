// SPDX-License-Identifier: Apache-2.0

package volume

// The parts of Kubernetes' objects that matter here.
type (
	list[T any] struct{ Items []T }

	metadata struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace,omitempty"`
		UID         string            `json:"uid,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}

	claim struct {
		Metadata metadata
		Spec     struct {
			AccessModes      []string
			StorageClassName string
			VolumeMode       string
			VolumeName       string
			Resources        struct{ Requests map[string]string }
		}
		Status struct{ Phase string }
	}

	persistentVolume struct {
		Metadata metadata
		Spec     struct{ PersistentVolumeReclaimPolicy string }
		Status   struct{ Phase string }
	}
)

// wantsVolume reports whether a claim waits for one of these volumes. The
// controllers write into a claim the provisioner of the class that it names.
func (c claim) wantsVolume() bool {
	return c.Status.Phase == "Pending" && c.Spec.VolumeName == "" && c.Spec.VolumeMode != "Block" &&
		c.Metadata.Annotations[provisionerAnnotation] == Provisioner
}

func (c claim) volumeName() string { return "pvc-" + c.Metadata.UID }

// volume is the object that binds a folder to the claim.
func (c claim) volume(folder string) map[string]any {
	return map[string]any{
		"apiVersion": "v1",
		"kind":       "PersistentVolume",
		"metadata": metadata{
			Name:        c.volumeName(),
			Annotations: map[string]string{provisionedByAnnotation: Provisioner},
		},
		"spec": map[string]any{
			"accessModes":                   c.Spec.AccessModes,
			"capacity":                      c.Spec.Resources.Requests,
			"storageClassName":              c.Spec.StorageClassName,
			"persistentVolumeReclaimPolicy": "Delete",
			"hostPath":                      map[string]string{"path": folder, "type": "Directory"},
			"claimRef": map[string]string{
				"apiVersion": "v1", "kind": "PersistentVolumeClaim",
				"namespace": c.Metadata.Namespace, "name": c.Metadata.Name, "uid": c.Metadata.UID,
			},
		},
	}
}

// isDone reports whether a volume of this provisioner is to be removed: its
// claim is gone.
func (v persistentVolume) isDone() bool {
	return v.Status.Phase == "Released" && v.Spec.PersistentVolumeReclaimPolicy == "Delete" &&
		v.Metadata.Annotations[provisionedByAnnotation] == Provisioner
}
