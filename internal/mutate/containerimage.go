// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// hiddenByImage refuses an image of which nobody knows what it starts, where its container does not say so.
func (d *described) hiddenByImage() error {
	what := "is not known, and no command says what it starts: say it"
	switch sign := d.configured(); {
	case d.family.Refused != "" || len(d.Command) > 0:
		return nil
	case d.family.Hint != "": // its start does what it does with any arguments
		what = d.family.Hint + ", or say what it starts"
	case sign != "":
		return refuse(DeniedImage, "container %s: image %s has the name of one that starts its server from arguments, and %s of one that is configured by variables: let the policy say below images which known image it is like, or say a command with all options that the variables stand for", d.Name, d.reference.Repository, sign)
	case d.unloaded() != "" && !d.family.ByPolicy && !d.reference.Official():
		what = fmt.Sprintf("has the name of one that loads no configuration file by itself, and %s looks as if it did: say what it starts", d.unloaded())
	case !d.hidesStart() || len(d.Args) > 0 && !strings.HasPrefix(d.Args[0], "-") && !strings.HasSuffix(d.Args[0], ".conf"):
		return nil
	}
	program := "redis-server"
	if strings.Contains(path.Base(d.reference.Repository), "valkey") {
		program = "valkey-server"
	}
	dir := "/etc/" + strings.TrimSuffix(program, "-server")
	if mounted := d.unloaded(); mounted != "" {
		dir = mounted
	}
	return refuse(DeniedImage, "container %s: image %s %s, like command: [%q, %q] with the file that it loads, or [%[4]q] alone where it loads none, or let the policy say below images which known image it is like", d.Name, d.reference.Repository, what, program, cmp.Or(d.line.ConfigFile, fileIn(dir, program)))
}

// configured is what tells of an image whose name ends as the official one's that it may be another, which makes a configuration of
// variables; empty where nothing does, or policy says what it is.
func (d *described) configured() string {
	plain := d.family.Start == image.ByArguments && !d.family.ByPolicy && !d.reference.Official()
	if !plain || len(d.Args) > 0 && !strings.HasPrefix(d.Args[0], "-") {
		return ""
	}
	signs := image.ByEnvironmentSigns
	for _, m := range d.VolumeMounts {
		if slices.ContainsFunc(signs.Dirs, func(dir string) bool { return isBelow(dir, m.MountPath) }) {
			return "the mount " + m.MountPath
		}
	}
	if signs.Tagged(d.reference) {
		return "the tag " + d.reference.Tag
	}
	if len(d.Args) > 0 {
		return "" // it is configured by these, and a variable may be for anything
	}
	if i := slices.IndexFunc(signs.Variables, d.variables.Declared); i >= 0 {
		return "the variable " + signs.Variables[i]
	}
	return ""
}

// unloaded is a mount of configuration of which an image that starts a server from arguments would load nothing, because there are none;
// empty where there is no such mount.
func (d *described) unloaded() string {
	if d.family.Start != image.ByArguments || len(d.Command)+len(d.Args) > 0 {
		return ""
	}
	for _, m := range d.VolumeMounts {
		at := path.Clean(m.MountPath)
		if slices.Contains(image.ConfigDirs, at) || slices.Contains(image.ConfigDirs, path.Dir(at)) && strings.HasSuffix(at, ".conf") {
			return at
		}
	}
	return ""
}

// fileIn is a mount that is a configuration file, or the file that a server's would be in it.
func fileIn(mount, server string) string {
	if strings.HasSuffix(mount, ".conf") {
		return mount
	}
	return path.Join(mount, strings.TrimSuffix(server, "-server")+".conf")
}

// ignoredPassword is a variable with a password, which images give a meaning to, of a container whose command is the server itself, without
// one; empty where there is none, or a file may have it.
func (d *described) ignoredPassword() string {
	if len(d.Command) == 0 || d.line.Program != redisconf.ProgramRedis || d.line.ByImage || d.line.HasPassword || d.line.ConfigFile != "" {
		return ""
	}
	for _, name := range []string{"REDIS_PASSWORD", "VALKEY_PASSWORD"} {
		if d.variables.Declared(name) {
			return name
		}
	}
	return ""
}

// flagsVariable is the variable whose options the image puts behind all others; empty where it has none, or is not what starts the server.
func (d *described) flagsVariable() string {
	switch {
	case d.family.Start == image.ByFile && d.line.ByImage:
		return d.family.Prefix + "ARGS"
	case len(d.Command) == 0:
		return d.family.Flags
	}
	return ""
}

// onlyOptions reports whether nothing is wrong with the line but options: the rest of it is known, and can be judged.
func (d *described) onlyOptions() bool {
	return !slices.ContainsFunc(eachOf(d.err), func(e error) bool {
		var a *redisconf.ArgumentError
		return !errors.As(e, &a) || a.Kind != redisconf.ErrOption
	})
}

// remedied is what is wrong with the line, with the remedy for just this image: where a script of somebody else hides the start of one
// that is configured by variables, that script is not needed at all.
func (d *described) remedied() error {
	var remedy string
	switch d.family.Start {
	case image.ByEnvironment:
		remedy = "drop command and args: the variables of the image are translated then"
	case image.ByFile:
		remedy = fmt.Sprintf("drop command and args, mount a configuration file at %s if there is one, and say options in env, as %sARGS: the image starts the server itself", d.family.Config, d.family.Prefix)
	case image.Unknown:
		if remedy = "the image " + d.family.Hint; d.family.Hint == "" {
			return d.err
		}
	case image.ByArguments:
		return d.err
	}
	if dir := d.claimElsewhere(); dir != "" {
		remedy += fmt.Sprintf("; say %sDATA_DIR=%s too, or the group starts empty in %s", d.family.Prefix, dir, d.family.Data)
	}
	var all []error
	for _, e := range eachOf(d.err) {
		var a *redisconf.ArgumentError
		if errors.As(e, &a) && a.Kind != redisconf.ErrOption {
			e = &redisconf.ArgumentError{Kind: a.Kind, Subject: a.Subject, What: a.What, Remedy: remedy}
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

// stackDir is where the program of Redis Stack keeps data when it is not the image that starts it.
const stackDir = "/var/lib/redis-stack"

// claimElsewhere is where a volume is mounted that looks like one for data, while the image's own directory has none and no variable names
// another; empty where there is no such mount.
func (d *described) claimElsewhere() string {
	if d.family.Data == "" || d.variables.Declared(d.family.Prefix+"DATA_DIR") || coveringMount(d.VolumeMounts, d.family.Data) != nil {
		return ""
	}
	for _, m := range d.VolumeMounts {
		if at := path.Clean(m.MountPath); at == imageDir || at == stackDir {
			return at
		}
	}
	return ""
}

// first is a version before which nobody has made an image: a smaller one counts the releases of somebody else.
var first = image.Version{Major: 2, Minor: 6}

// version refuses a tag that is a version too old, and warns where a tag says none. Only of images that are known is a tag a version of Redis.
func (d *described) version(o *objections) []string {
	v, known, newest := image.VersionOf(d.reference)
	least := cmp.Or(d.family.Least, &image.Version{Major: 6, Minor: 2})
	switch {
	case d.family.Refused != "":
	case d.family.Least != nil && known && v.Before(first) && !d.reference.Official():
		return []string{fmt.Sprintf("container %s: the number %s of image %s is no version of Redis: it is somebody's own, and %s or newer has to be behind it", d.Name, v, d.Image, least)}
	case d.family.Least != nil && known && v.Before(*least):
		o.add(refuse(DeniedVersion, "container %s, image %s: %s is older than %s, which the agent needs: use a newer one", d.Name, d.Image, v, least))
	case d.family.Least != nil && (known || newest):
	default:
		return []string{fmt.Sprintf("container %s: the version of image %s cannot be told from its tag; %s or newer is needed", d.Name, d.Image, least)}
	}
	return nil
}
