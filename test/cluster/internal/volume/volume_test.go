// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// fakeAPI answers the two lists and notes the changes.
type fakeAPI struct {
	claims, volumes string
	calls           []string
	made            struct {
		Spec struct {
			HostPath struct{ Path string }
			ClaimRef struct{ Name, UID string }
		}
	}
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		f.calls = append(f.calls, r.Method+" "+r.URL.Path)
		_ = json.NewDecoder(r.Body).Decode(&f.made)
	case r.URL.Path == "/api/v1/persistentvolumeclaims":
		_, _ = io.WriteString(w, f.claims)
	default:
		_, _ = io.WriteString(w, f.volumes)
	}
}

func serve(t *testing.T, api *fakeAPI) Server {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return Server{API: server.Client(), URL: server.URL, Folder: t.TempDir(), Log: io.Discard}
}

func TestAWaitingClaimGetsAFolder(t *testing.T) {
	const ours = `"annotations":{"volume.kubernetes.io/storage-provisioner":"` + Provisioner + `"}`
	api := &fakeAPI{volumes: `{}`, claims: `{"items":[
		{"metadata":{"namespace":"a","name":"data-0","uid":"u0",` + ours + `},"status":{"phase":"Pending"}},
		{"metadata":{"namespace":"a","name":"bound","uid":"u1",` + ours + `},"status":{"phase":"Bound"}},
		{"metadata":{"namespace":"a","name":"foreign","uid":"u2"},"status":{"phase":"Pending"}}]}`}
	s := serve(t, api)
	if err := s.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"POST /api/v1/persistentvolumes"}; !slices.Equal(api.calls, want) {
		t.Fatalf("calls %q, want %q", api.calls, want)
	}
	if api.made.Spec.ClaimRef.UID != "u0" || api.made.Spec.HostPath.Path != filepath.Join(s.Folder, "pvc-u0") {
		t.Errorf("made %+v", api.made)
	}
	info, err := os.Stat(api.made.Spec.HostPath.Path)
	if err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("its folder: %v, %v", info, err)
	}
}

func TestAReleasedVolumeIsRemovedWithItsFolder(t *testing.T) {
	const spec = `"spec":{"persistentVolumeReclaimPolicy":"Delete"}`
	api := &fakeAPI{claims: `{}`, volumes: `{"items":[
		{"metadata":{"name":"pvc-u0","annotations":{"pv.kubernetes.io/provisioned-by":"` + Provisioner + `"}},` + spec + `,"status":{"phase":"Released"}},
		{"metadata":{"name":"pvc-u1","annotations":{"pv.kubernetes.io/provisioned-by":"` + Provisioner + `"}},` + spec + `,"status":{"phase":"Bound"}},
		{"metadata":{"name":"by-hand"},` + spec + `,"status":{"phase":"Released"}}]}`}
	s := serve(t, api)
	if err := os.Mkdir(filepath.Join(s.Folder, "pvc-u0"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"DELETE /api/v1/persistentvolumes/pvc-u0"}; !slices.Equal(api.calls, want) {
		t.Errorf("calls %q, want %q", api.calls, want)
	}
	if _, err := os.Stat(filepath.Join(s.Folder, "pvc-u0")); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
}
