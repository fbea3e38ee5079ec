// SPDX-License-Identifier: Apache-2.0

package image

import (
	"path"
	"slices"
	"strings"
)

// Start is how an image starts its server where the container says nothing, or gives arguments alone.
type Start string

// Starts.
const (
	// ByArguments is an entrypoint that starts the server which the arguments name, and puts its name before arguments that begin with
	// an option or a configuration file. It leaves root first.
	ByArguments Start = "arguments"
	// ByEnvironment is a script that makes a configuration of variables, as the images of Bitnami do.
	ByEnvironment Start = "environment"
	// ByFile is a script that starts the server with modules and options of its own, and with /redis-stack.conf where that is there.
	ByFile Start = "file"
	// Unknown has to be said by a command.
	Unknown Start = ""
)

// Family is a kind of image.
type Family struct {
	// Name is how messages and policy call it.
	Name string
	// Images are the last parts of the names of its repositories.
	Images []string
	// Start is how it starts its server.
	Start Start
	// Server is the name of the server's program.
	Server string
	// Data is the directory where data is kept, if nobody says another.
	Data string
	// Owner is the user to whom that directory belongs, beside root; the image runs as that user, or leaves root for it.
	Owner []int64
	// WorkingDir is where the image starts whatever a command says; empty stands for Data.
	WorkingDir string
	// Prefix begins the names of the variables of ByEnvironment and ByFile.
	Prefix string
	// Flags is the variable whose words the entrypoint of a ByArguments image puts behind the arguments; empty where it has none.
	Flags string
	// Config is where a ByFile image looks for a configuration file.
	Config string
	// Least is the oldest version that can be kept, where tags are versions.
	Least *Version
	// Hint says what is known of an image that has to be started by a command.
	Hint string
	// ByPolicy reports whether policy says that an image is one of it.
	ByPolicy bool
	// Refused says what it is, where that cannot be kept at all.
	Refused string
}

var (
	leastRedis  = &Version{Major: 6, Minor: 2}
	leastValkey = &Version{Major: 7, Minor: 2}
)

// families is the table. Of rows that fit the one with the longest name counts.
var families = []Family{
	{Name: "redis", Images: []string{"redis", "mirrored-library-redis"}, Start: ByArguments, Server: "redis-server", Data: "/data", Owner: []int64{999}, Least: leastRedis},
	{Name: "valkey", Images: []string{"valkey"}, Start: ByArguments, Server: "valkey-server", Data: "/data", Owner: []int64{999}, Flags: "VALKEY_EXTRA_FLAGS", Least: leastValkey},
	// Its entrypoint puts modules behind the arguments.
	{Name: "valkey-bundle", Images: []string{"valkey-bundle"}, Start: ByArguments, Server: "valkey-server", Data: "/data", Owner: []int64{999}, Flags: "VALKEY_EXTRA_FLAGS", Least: leastValkey},
	{Name: "redis-stack-server", Images: []string{"redis-stack-server"}, Start: ByFile, Server: "redis-server", Data: "/data", WorkingDir: "/", Prefix: "REDIS_", Config: "/redis-stack.conf", Least: leastRedis},
	{
		Name: "bitnami-redis", Images: []string{"bitnami/redis", "bitnamilegacy/redis", "bitnamisecure/redis"}, Start: ByEnvironment,
		Server: "redis-server", Data: "/bitnami/redis/data", WorkingDir: "/", Owner: []int64{1001}, Prefix: "REDIS_", Least: leastRedis,
	},
	{
		Name: "bitnami-valkey", Images: []string{"bitnami/valkey", "bitnamilegacy/valkey", "bitnamisecure/valkey"}, Start: ByEnvironment,
		Server: "valkey-server", Data: "/bitnami/valkey/data", WorkingDir: "/", Owner: []int64{1001}, Prefix: "VALKEY_", Least: leastValkey,
	},

	// Names that end as those above do, and are something else.
	{Name: "canonical-redis", Images: []string{"ubuntu/redis", "ubuntu/valkey"}, Hint: "makes a configuration of its own: use redis or valkey", Least: leastRedis},
	{Name: "opstree-redis", Images: []string{"opstree/redis"}, Hint: "makes a configuration of its own: use redis or valkey", Least: leastRedis},
	{Name: "chainguard-redis", Images: []string{"chainguard/redis", "chainguard/valkey"}, Hint: "starts a server by itself: use redis or valkey", Least: leastRedis},
	{Name: "redis-stack", Images: []string{"redis/redis-stack"}, Hint: "starts a web console beside Redis: use redis/redis-stack-server", Least: leastRedis},

	{Name: "redis-modules", Images: []string{"redislabs/redismod", "redislabs/redisearch", "redislabs/rejson", "redislabs/redisgraph", "redislabs/redistimeseries", "redislabs/rebloom", "redislabs/redisgears", "redislabs/redisai"}, Hint: "loads its modules by arguments of its own, which a command has to repeat as --loadmodule: use redis/redis-stack-server or redis 8, which have them", Least: leastRedis},

	{Name: "sclorg-redis", Images: []string{"redis-5-c8s", "redis-6-c8s", "redis-6-c9s", "redis-7-c9s", "redis-7-c10s", "rhel8/redis-5", "rhel8/redis-6", "rhel9/redis-6", "rhel9/redis-7"}, Hint: "makes a configuration of variables, its password too, which a command leaves out: use redis, with --requirepass", Least: leastRedis},
	{Name: "redis-cluster", Images: []string{"bitnami/redis-cluster", "bitnami/valkey-cluster", "bitnamilegacy/redis-cluster", "bitnamilegacy/valkey-cluster", "opstree/redis-cluster"}, Refused: "Redis Cluster is not supported: it elects its own masters"},
	{Name: "keydb", Images: []string{"keydb", "keydb-pro"}, Refused: "KeyDB is not supported: it lacks commands that the agent needs; use redis or valkey"},
	{Name: "dragonfly", Images: []string{"dragonfly", "dragonfly-weekly"}, Refused: "Dragonfly is not supported: it is no Redis inside"},
	{Name: "redis-enterprise", Images: []string{"redislabs/redis"}, Refused: "Redis Enterprise keeps its own replicas"},
	{Name: "garnet", Images: []string{"garnet"}, Refused: "Garnet is not supported: it is no Redis inside"},
	{Name: "console", Images: []string{"redis/redisinsight", "redislabs/redisinsight", "redis-commander"}, Refused: "it is a console, not a server"},
}

// Named are the families of which policy may say that an image is one, in the order of the table.
func Named() []string {
	var names []string
	for _, f := range families {
		if f.Start != Unknown {
			names = append(names, f.Name)
		}
	}
	return names
}

// Like is a family of other images.
func Like(name string, images []string) (Family, bool) {
	for _, f := range families {
		if f.Name == name && f.Start != Unknown {
			f.Images, f.ByPolicy = images, true
			return f, true
		}
	}
	return Family{}, false
}

// hardened begin the names of images that start a server in a way of their own, whatever they are called behind that.
var hardened = []string{"cgr.dev/", "dhi.io/"}

// isHardened reports whether an image is a server of one of those.
func (r Reference) isHardened() bool {
	name := strings.TrimSuffix(path.Base(r.Repository), "-fips")
	return (name == "redis" || name == "valkey") && slices.ContainsFunc(hardened, func(host string) bool { return strings.HasPrefix(r.Repository, host) })
}

// Official reports whether a repository is one of which the name alone says what it is: others end in the same word, and may be configured
// by variables.
func (r Reference) Official() bool {
	if slices.ContainsFunc([]string{"library/redis", "mirrored-library-redis", "valkey/valkey", "valkey/valkey-bundle", "docker.io/redis"}, r.endsWith) {
		return true
	}
	return r.Repository == "redis"
}

// Table are families of policy, which count before the project's own.
type Table []Family

// Find finds the family of an image; false where nobody knows it.
func (t Table) Find(name string) (Family, Reference, bool) {
	r := Read(name)
	var found Family
	longest := 0
	for _, list := range [][]Family{t, families} {
		for _, f := range list {
			for _, image := range f.Images {
				if len(image) > longest && r.endsWith(image) {
					found, longest = f, len(image)
				}
			}
		}
	}
	if r.isHardened() && !found.ByPolicy {
		i := slices.IndexFunc(families, func(f Family) bool { return f.Name == "chainguard-redis" })
		return families[i], r, true
	}
	return found, r, longest > 0
}
