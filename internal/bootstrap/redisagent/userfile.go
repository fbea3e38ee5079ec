// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// userFile is what the user's own redis.conf says that concerns the agent, with the files that it includes.
type userFile struct {
	values     observe.UserValues
	objections []redisconf.Objection
	// namesDefault reports whether it declares the default user, which only one line may do.
	namesDefault bool
	// hasPassword reports whether it gives the default user a password by requirepass.
	hasPassword bool
	// aclFile is the file with users that it names; empty where it names none.
	aclFile string
	// read are patterns of the files that it consists of, and stamp what those were: see stampOf.
	read  []string
	stamp string
	// master is what it has a replica present to its master. A server of the same template that has no agent wants that.
	master model.Credential
}

// deepest is how far files may include each other; Redis has no limit, and a circle ends it.
const deepest = 16

// readUserFile reads the file and what it includes, of a group with this port. The error names a file that cannot be read; what was read counts.
func readUserFile(path string, port int) (userFile, error) {
	user := userFile{values: observe.UserValues{Priority: 100, ServeStale: true}}
	if path == "" {
		return user, nil
	}
	text, read, objections, err := readIncluding(path, port, deepest)
	values := redisconf.Values(text)
	user.objections, user.aclFile = objections, values["aclfile"]
	user.read, user.stamp = read, stampOf(read)
	for line := range strings.Lines(text) {
		user.namesDefault = user.namesDefault || redisconf.ConfUser(line) == "default"
	}
	user.hasPassword = values["requirepass"] != ""
	user.values = userValues(values, user.values)
	for name, value := range values {
		switch name {
		case "masteruser", "primaryuser":
			user.master.User = value
		case "masterauth", "primaryauth":
			user.master.Password = value
		}
	}
	return user, err
}

// stampOf is another text once one of the files of these patterns is another, or is there at all.
func stampOf(patterns []string) string {
	var b strings.Builder
	for _, pattern := range patterns {
		files, _ := filepath.Glob(pattern) // one that is none names nothing
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				fmt.Fprintf(&b, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return b.String()
}

// readIncluding returns a file with the files that it includes in their places, which patterns those are of, and what the agent objects to in each.
func readIncluding(path string, port, depth int) (text string, read []string, all []redisconf.Objection, failed error) {
	read = []string{path}
	if depth == 0 {
		return "", read, nil, fmt.Errorf("reading %s: files include each other more than %d deep", path, deepest)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", read, nil, fmt.Errorf("reading %s: %w", path, err)
	}
	var b strings.Builder
	all = redisconf.Objections(path, string(raw), port)
	for line := range strings.Lines(string(raw)) {
		pattern := redisconf.ConfInclude(line)
		if pattern == "" {
			b.WriteString(line)
			continue
		}
		read = append(read, pattern)
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			failed = fmt.Errorf("reading what %s includes: there is no %s where the agent can see it", path, pattern)
		}
		for _, name := range names {
			included, files, objections, err := readIncluding(name, port, depth-1)
			if err != nil {
				failed = err
			}
			b.WriteString(included + "\n")
			read, all = append(read, files...), append(all, objections...)
		}
	}
	return b.String(), read, all, failed
}

func userValues(values map[string]string, user observe.UserValues) observe.UserValues {
	for _, name := range []string{"slave-priority", "replica-priority"} {
		if n, err := strconv.Atoi(values[name]); err == nil && n >= 0 {
			user.Priority = n
		}
	}
	for _, name := range []string{"slave-serve-stale-data", "replica-serve-stale-data"} {
		if text, ok := values[name]; ok {
			user.ServeStale = text == "yes"
		}
	}
	for _, name := range []string{"min-slaves-max-lag", "min-replicas-max-lag"} {
		if n, err := strconv.Atoi(values[name]); err == nil && n > 0 {
			user.MaxLag = n
		}
	}
	return user
}
