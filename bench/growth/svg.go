package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
)

// figure is a picture of panels, two beside each other.
type figure struct {
	title, note string
	panels      []panel
}

// panel shows series over the same axes.
type panel struct {
	title  string
	x, y   axis
	series []series
}

type axis struct {
	label string
	log   bool
}

type series struct {
	name   string
	points [][2]float64
	// like is the series whose colour this one has, fainter and dashed; 0 is none, 1 the first. It may have no name.
	like int
}

// The size of a panel, and what stands around its area.
const (
	panelWidth                = 480
	areaHeight                = 230
	left, right, above, below = 62, 14, 34, 44
	legendLine                = 17
)

// style is legible on light and on dark pages.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}.panel{font-weight:600}.note{fill:#57606a;font-size:11px}
.back{fill:#fff}.grid{stroke:#d8dee4;stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}.faint{stroke-width:1.2;stroke-dasharray:4 3;opacity:.75}
.c0{stroke:#0969da}.c1{stroke:#cf222e}.c2{stroke:#1a7f37}.c3{stroke:#8250df}.c4{stroke:#bc4c00}.c5{stroke:#57606a}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.back{fill:#0d1117}.grid{stroke:#30363d}
.c0{stroke:#58a6ff}.c1{stroke:#ff7b72}.c2{stroke:#3fb950}.c3{stroke:#bc8cff}.c4{stroke:#f0883e}.c5{stroke:#9198a1}}
</style>`

const colours = 6

// svg draws the figure.
func (f figure) svg() string {
	var b strings.Builder
	columns := min(2, len(f.panels))
	heights := []float64{}
	for row := range slices.Chunk(f.panels, 2) {
		most := 0
		for _, p := range row {
			most = max(most, p.named())
		}
		heights = append(heights, above+areaHeight+below+float64(most*legendLine))
	}
	height := 60.0
	for _, h := range heights {
		height += h
	}
	width := columns * panelWidth
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" role="img" aria-label="%s">`+"\n%s\n",
		width, height, width, height, html.EscapeString(f.title), style)
	fmt.Fprintf(&b, `<rect class="back" width="%d" height="%.0f"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="title" x="14" y="24">%s</text>`+"\n", html.EscapeString(f.title))
	y := 34.0
	for i, p := range f.panels {
		if i > 0 && i%2 == 0 {
			y += heights[i/2-1]
		}
		p.draw(&b, float64(i%2*panelWidth), y)
	}
	fmt.Fprintf(&b, `<text class="note" x="14" y="%.0f">%s</text>`+"\n</svg>\n", height-10, html.EscapeString(f.note))
	return b.String()
}

// scale leads from values to places.
type scale struct {
	axis
	from, to, start, end float64
}

func (s scale) at(v float64) float64 {
	if s.log {
		return s.start + (math.Log10(v)-math.Log10(s.from))/(math.Log10(s.to)-math.Log10(s.from))*(s.end-s.start)
	}
	return s.start + (v-s.from)/(s.to-s.from)*(s.end-s.start)
}

// scaleOf covers all values of a panel. A logarithmic one ends at what 1, 2 or 5 of a power of ten come to.
func scaleOf(a axis, p panel, which int, start, end float64) scale {
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range p.series {
		for _, pt := range s.points {
			least, most = min(least, pt[which]), max(most, pt[which])
		}
	}
	s := scale{axis: a, start: start, end: end}
	switch {
	case math.IsInf(least, 1):
		s.from, s.to = 1, 10
	case a.log && which == 0:
		s.from, s.to = least, max(most, least*1.01)
	case a.log:
		s.from, s.to = round125(least, false), round125(most, true)
		if s.to < 10*s.from {
			s.to = 10 * s.from // so that noise looks like noise
		}
	case which == 0:
		s.from, s.to = least, max(most, least+1)
	default:
		step := round125(max(most, 1e-3)/6, true)
		s.from, s.to = 0, step*math.Ceil(most/step)
	}
	return s
}

// round125 is the next number of the row 1, 2, 5, 10 …
func round125(v float64, up bool) float64 {
	if v <= 0 {
		return 1e-3
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	steps := []float64{1, 2, 5, 10}
	for i, step := range steps {
		if v <= step*power*1.0001 {
			if up || v >= step*power*0.9999 {
				return step * power
			}
			return steps[i-1] * power
		}
	}
	return 10 * power
}

func (s scale) ticks() []float64 {
	var out []float64
	if s.log {
		for power := math.Pow(10, math.Floor(math.Log10(s.from))); power <= s.to*1.0001; power *= 10 {
			if power >= s.from*0.9999 {
				out = append(out, power)
			}
		}
		if len(out) < 2 {
			out = []float64{s.from, s.to}
		}
		return out
	}
	step := round125((s.to-s.from)/6, true)
	for v := math.Ceil(s.from/step) * step; v <= s.to*1.0001; v += step {
		out = append(out, v)
	}
	return out
}

// short writes a number as a tick.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + " M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + " k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// named counts the series that the legend names.
func (p panel) named() (n int) {
	for _, s := range p.series {
		if s.name != "" {
			n++
		}
	}
	return n
}

func (p panel) draw(b *strings.Builder, x0, y0 float64) {
	x := scaleOf(p.x, p, 0, x0+left, x0+panelWidth-right)
	y := scaleOf(p.y, p, 1, y0+above+areaHeight, y0+above)
	fmt.Fprintf(b, `<text class="panel" x="%.0f" y="%.0f">%s</text>`+"\n", x0+left, y0+22, html.EscapeString(p.title))
	for _, t := range x.ticks() {
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fV%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x.at(t), y.start, y.end, x.at(t), y.start+16, short(t))
	}
	for _, t := range y.ticks() {
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fH%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n", x.start, y.at(t), x.end, x.start-6, y.at(t)+4, short(t))
	}
	fmt.Fprintf(b, `<text class="note" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", (x.start+x.end)/2, y.start+31, html.EscapeString(p.x.label))
	fmt.Fprintf(b, `<text class="note" x="%.1f" y="%.1f" text-anchor="middle" transform="rotate(-90 %.1f %.1f)">%s</text>`+"\n", x0+16, (y.start+y.end)/2, x0+16, (y.start+y.end)/2, html.EscapeString(p.y.label))
	legend := 0
	for i, s := range p.series {
		class := fmt.Sprintf("line c%d", i%colours)
		if s.like > 0 {
			class = fmt.Sprintf("line faint c%d", (s.like-1)%colours)
		}
		var d strings.Builder
		for j, pt := range s.points {
			command := "L"
			if j == 0 {
				command = "M"
			}
			fmt.Fprintf(&d, "%s%.1f %.1f", command, x.at(pt[0]), y.at(pt[1]))
		}
		fmt.Fprintf(b, `<path class="%s" d="%s"/>`+"\n", class, d.String())
		if s.like == 0 && len(s.points) <= 20 {
			for _, pt := range s.points {
				fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="1"/>`, class, x.at(pt[0]), y.at(pt[1]))
			}
		}
		if s.name == "" {
			continue
		}
		at := y.start + below + float64(legend*legendLine)
		legend++
		fmt.Fprintf(b, `<path class="%s" d="M%.1f %.1fh26"/><text x="%.1f" y="%.1f">%s</text>`+"\n", class, x.start, at-4, x.start+34, at, html.EscapeString(s.name))
	}
}
