// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// Measures of the picture, in its own units.
const (
	labelWidth = 290.0
	plotWidth  = 520.0
	barHeight  = 11.0
	groupGap   = 10.0
	topEdge    = 64.0
	rightEdge  = 70.0
	// shortest and longest are the ends of the scale, in milliseconds.
	shortest, longest = 1.0, 200_000.0
)

// The colours are told apart in light and dark, and by those who see few of them.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.quiet{fill:#6e7781}.line{stroke:#d0d7de}
.ours{fill:#0969da}.plain{fill:#bc4c00}.coordinated{fill:#8250df}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#8d96a0}.line{stroke:#30363d}
.ours{fill:#4493f8}.plain{fill:#f0883e}.coordinated{fill:#ab7df8}}
</style>
`

// Picture draws for one server the longest gap on the wire of each fault and arm: a bar to the 95th percentile and a mark at the maximum,
// on a logarithmic scale, as SVG.
func Picture(server string, rounds []measure.Round) string {
	rows := measure.Rows(slices.DeleteFunc(slices.Clone(rounds), func(r measure.Round) bool { return r.Server != server }))
	var bars strings.Builder
	y := topEdge
	for _, fault := range Faults {
		drawn := group(&bars, fault, rows, y)
		if drawn > 0 {
			y += float64(drawn)*barHeight + groupGap
		}
	}
	width, height := labelWidth+plotWidth+rightEdge, y+12
	var picture strings.Builder
	fmt.Fprintf(&picture, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img">`+"\n", width, height)
	fmt.Fprintf(&picture, "<title>Longest time without an acknowledged write, %s</title>\n", escape(server))
	picture.WriteString(style)
	fmt.Fprintf(&picture, `<text x="8" y="18">Longest time without an acknowledged write, on the wire; bar: p95, mark: maximum (%s)</text>`+"\n", escape(server))
	legend(&picture)
	scale(&picture, y)
	picture.WriteString(bars.String())
	picture.WriteString("</svg>\n")
	return picture.String()
}

// group draws the bars of one fault and returns how many there are.
func group(out *strings.Builder, fault Fault, rows []measure.Row, y float64) int {
	drawn := 0
	for _, arm := range []string{measure.Ours, measure.Plain, measure.Coordinated} {
		own := pick(rows, fault.Name, arm)
		if len(own) == 0 {
			continue
		}
		p95, greatest := onTheWire(own), 0.0
		for _, row := range own {
			if row.Client == measure.OnTheWire {
				greatest = max(greatest, row.Gap.Max)
			}
		}
		top := y + float64(drawn)*barHeight
		if drawn == 0 {
			fmt.Fprintf(out, `<text x="%.0f" y="%.1f" text-anchor="end">%s</text>`+"\n", labelWidth-8, top+barHeight, escape(fault.Title))
		}
		fmt.Fprintf(out, `<rect class="%s" x="%.0f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", arm, labelWidth, top, place(p95), barHeight-2)
		fmt.Fprintf(out, `<rect class="%s" x="%.1f" y="%.1f" width="2" height="%.1f"/>`+"\n", arm, labelWidth+place(greatest), top, barHeight-2)
		fmt.Fprintf(out, `<text class="quiet" x="%.1f" y="%.1f" style="font-size:10px">%s</text>`+"\n", labelWidth+place(greatest)+6, top+barHeight-2.5, seconds(p95))
		drawn++
	}
	return drawn
}

// place is how far from the left of the plot a time stands.
func place(milliseconds float64) float64 {
	within := min(max(milliseconds, shortest), longest)
	return plotWidth * math.Log(within/shortest) / math.Log(longest/shortest)
}

func scale(out *strings.Builder, bottom float64) {
	for tick := shortest; tick <= longest; tick *= 10 {
		x := labelWidth + place(tick)
		fmt.Fprintf(out, `<line class="line" x1="%.1f" x2="%.1f" y1="%.0f" y2="%.0f"/>`+"\n", x, x, topEdge-6, bottom)
		fmt.Fprintf(out, `<text class="quiet" x="%.1f" y="%.0f" text-anchor="middle">%s</text>`+"\n", x, topEdge-12, strings.Replace(seconds(tick), ".0", "", 1))
	}
}

func legend(out *strings.Builder) {
	x := 8.0
	for _, arm := range []string{measure.Ours, measure.Plain, measure.Coordinated} {
		fmt.Fprintf(out, `<rect class="%s" x="%.0f" y="32" width="10" height="10"/><text x="%.0f" y="41">%s</text>`+"\n", arm, x, x+14, arm)
		x += 75
	}
}

func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder takes everything
	return out.String()
}
