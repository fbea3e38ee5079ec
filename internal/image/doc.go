// SPDX-License-Identifier: Apache-2.0

// Package image knows images of Redis: by their names, what they start where nobody says it, which version their tags are, and where they
// keep data. The table is data, and policy adds rows to it.
package image
