// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bufio"
	"encoding/json"
	"os"
	"time"
)

// Request is one request of an agent to the API server.
type Request struct {
	Verb     string
	Resource string
	User     string
	// URI is the path and what follows it, Status the code of the answer.
	URI    string
	Status int
	// At is when it came in. A watch is one request, and is logged when it ends.
	At time.Time
}

// Requests are those that the agents of the scene's namespace sent since a moment, and that have been answered by now.
func (s *Scene) Requests(since time.Time) ([]Request, error) {
	file, err := os.Open(s.audit())
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	var requests []Request
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Verb      string
			UserAgent string
			User      struct{ Username string }
			ObjectRef struct{ Resource, Namespace string }
			URI       string             `json:"requestURI"`
			Response  struct{ Code int } `json:"responseStatus"`
			Received  time.Time          `json:"requestReceivedTimestamp"`
		}
		// The last line may not be complete yet.
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.UserAgent != "redis-sentinel-bootstrap" {
			continue
		}
		if line.ObjectRef.Namespace == s.Namespace && line.Received.After(since) {
			requests = append(requests, Request{
				Verb: line.Verb, Resource: line.ObjectRef.Resource, User: line.User.Username, URI: line.URI, Status: line.Response.Code, At: line.Received,
			})
		}
	}
	return requests, lines.Err()
}

// FillDisk makes the pod's data directory unwritable for its server.
func (p *Pod) FillDisk() error { return os.Chmod(p.root+"/data", 0o555) }

// EmptyDisk ends FillDisk.
func (p *Pod) EmptyDisk() error { return os.Chmod(p.root+"/data", 0o777) }
