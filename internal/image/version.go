// SPDX-License-Identifier: Apache-2.0

package image

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a version as a tag says it: 7 is the newest 7, and 7.2 the newest 7.2.
type Version struct {
	Major int
	// Minor is negative where the tag does not say it.
	Minor int
	// text is the version as the tag has it.
	text string
}

var (
	versioned = regexp.MustCompile(`^v?((\d{1,3})(?:\.(\d{1,3}))?(?:\.\d+)*)(?:[-_.+].*)?$`)
	// newest are tags that stand for the newest version, or for a system below it that is young enough for any.
	newest = regexp.MustCompile(`^(latest|stable|alpine|alpine3\.(1[3-9]|[2-9]\d)|bookworm|bullseye|trixie|debian|slim)(-.*)?$`)
)

// VersionOf reads a tag; known is false where it says no version, and fresh reports whether it stands for the newest then.
func VersionOf(r Reference) (v Version, known, fresh bool) {
	if r.Tag == "" {
		return Version{}, false, !r.Pinned
	}
	m := versioned.FindStringSubmatch(r.Tag)
	if m == nil {
		return Version{}, false, newest.MatchString(r.Tag)
	}
	v.text = m[1]
	v.Major, _ = strconv.Atoi(m[2])
	v.Minor = -1
	if m[3] != "" {
		v.Minor, _ = strconv.Atoi(m[3])
	}
	return v, true, false
}

// Before reports whether a version is certainly older than another, whose minor number is known.
func (v Version) Before(least Version) bool {
	return v.Major < least.Major || v.Major == least.Major && v.Minor >= 0 && v.Minor < least.Minor
}

func (v Version) String() string {
	if v.text != "" {
		return v.text
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}
