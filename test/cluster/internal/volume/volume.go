// SPDX-License-Identifier: Apache-2.0

// Package volume makes persistent volumes out of folders of the node, so that
// volume claims are bound as they are by the storage of a real cluster.
//
// The controllers have something like it built in, but its folders belong to
// root alone, and Redis in a pod often is not root.
package volume

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Provisioner is the name by which the storage class asks for these volumes.
const Provisioner = "redis-sentinel-test-cluster/folder"

// StorageClass makes these volumes the storage of claims that name no other.
const StorageClass = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: ` + Provisioner + `
reclaimPolicy: Delete
volumeBindingMode: Immediate
`

const (
	provisionerAnnotation   = "volume.kubernetes.io/storage-provisioner"
	provisionedByAnnotation = "pv.kubernetes.io/provisioned-by"
	interval                = 300 * time.Millisecond
)

// Server makes and removes volumes.
type Server struct {
	API    *http.Client // speaks to the API server as an administrator
	URL    string       // of the API server
	Folder string       // holds the volumes' folders
	Log    io.Writer
}

// Run works until ctx ends. An API server that is away is asked again.
func (s Server) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.once(ctx); err != nil {
			fmt.Fprintf(s.Log, "%s %v\n", time.Now().Format(time.RFC3339), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}

func (s Server) once(ctx context.Context) error {
	var claims list[claim]
	if err := s.call(ctx, http.MethodGet, "/api/v1/persistentvolumeclaims", nil, &claims); err != nil {
		return err
	}
	for _, c := range claims.Items {
		if c.wantsVolume() {
			if err := s.provide(ctx, c); err != nil {
				return err
			}
		}
	}
	var volumes list[persistentVolume]
	if err := s.call(ctx, http.MethodGet, "/api/v1/persistentvolumes", nil, &volumes); err != nil {
		return err
	}
	for _, v := range volumes.Items {
		if v.isDone() {
			if err := s.remove(ctx, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// provide makes the folder and then the volume of a claim. Twice is once: both
// are named by the claim's UID.
func (s Server) provide(ctx context.Context, c claim) error {
	folder := filepath.Join(s.Folder, c.volumeName())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of a volume: %w", err)
	}
	if err := os.Chmod(folder, 0o777); err != nil { // whoever the pod runs as
		return fmt.Errorf("making the folder of a volume: %w", err)
	}
	return s.call(ctx, http.MethodPost, "/api/v1/persistentvolumes", c.volume(folder), nil)
}

// remove removes the volume first, so that none is ever without its folder.
func (s Server) remove(ctx context.Context, v persistentVolume) error {
	if err := s.call(ctx, http.MethodDelete, "/api/v1/persistentvolumes/"+v.Metadata.Name, nil, nil); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(s.Folder, filepath.Base(v.Metadata.Name))); err != nil {
		return fmt.Errorf("removing the folder of a volume: %w", err)
	}
	return nil
}

// call makes one request. What is there already, or gone already, is as wanted.
func (s Server) call(ctx context.Context, method, path string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	reader, writer := io.Pipe()
	if body == nil {
		_ = writer.Close()
	} else {
		go func() { _ = writer.CloseWithError(json.NewEncoder(writer).Encode(body)) }()
	}
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, reader)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.API.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case response.StatusCode == http.StatusConflict || response.StatusCode == http.StatusNotFound:
		return nil
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, data)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(data, answer)
}
