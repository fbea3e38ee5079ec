// SPDX-License-Identifier: Apache-2.0

package image

import "strings"

// Signs tell of an image, whatever its name, that it is one of ByEnvironment.
type Signs struct {
	// Dirs are directories below which only such an image keeps anything.
	Dirs []string
	// Variables are those that mean nothing to others.
	Variables []string
	// Tag is a part of the tags that only such images have.
	Tag string
}

// ByEnvironmentSigns are those of the images of Bitnami, which mirrors hold under the official one's name.
var ByEnvironmentSigns = Signs{
	Dirs: []string{"/bitnami", "/opt/bitnami"},
	Tag:  "-debian-1",
	Variables: []string{
		"REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "REDIS_AOF_ENABLED", "REDIS_EXTRA_FLAGS", "REDIS_REPLICATION_MODE", "REDIS_DATA_DIR",
		"REDIS_ACLFILE", "REDIS_DISABLE_COMMANDS",
		"VALKEY_PASSWORD", "VALKEY_PASSWORD_FILE", "VALKEY_AOF_ENABLED", "VALKEY_REPLICATION_MODE", "VALKEY_DATA_DIR",
		"VALKEY_ACLFILE", "VALKEY_DISABLE_COMMANDS",
		"ALLOW_EMPTY_PASSWORD",
	},
}

// ConfigDirs are directories in which a server's configuration is looked for, by images that load one without being told.
var ConfigDirs = []string{"/etc/redis", "/etc/valkey", "/usr/local/etc/redis", "/usr/local/etc/valkey", "/etc/redis.conf", "/etc/valkey.conf"}

// Tagged reports whether a reference has the tag.
func (s Signs) Tagged(r Reference) bool { return strings.Contains(r.Tag, s.Tag) }
