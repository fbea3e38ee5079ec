// SPDX-License-Identifier: Apache-2.0

// Package chart holds the tests of the chart's text: what it renders agrees with the code that it installs. They need helm
// on PATH (`make chart` puts it there); without it they fail.
package chart
