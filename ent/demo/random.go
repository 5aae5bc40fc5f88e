package demo

import "math/bits"

// The streams keep the draws of different kinds of rows apart.
const (
	users = iota + 1
	posts
	comments
	postTags
	grids
	votes
	tags
)

// mix is SplitMix64's step. Everything random comes from it, so that any program in any language can make the same rows.
func mix(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// source is where the draws of one row come from.
type source uint64

func newSource(seed, stream, row uint64) source {
	return source(mix(mix(mix(seed)^stream) ^ row))
}

// draw returns the same number for the same draw of the same row, whatever was drawn before.
func (s source) draw(n uint64) uint64 { return mix(uint64(s) ^ n) }

// below returns a draw from 0 to limit-1.
func (s source) below(n uint64, limit int) int { return int(s.draw(n) % uint64(limit)) }

// once is true for one in n rows.
func (s source) once(draw uint64, n int) bool { return s.below(draw, n) == 0 }

// rank draws from 1 to n with Zipf's distribution of exponent 1, using the draws first and first+1.
func (s source) rank(first uint64, n int) int { return zipf(n, s.draw(first), s.draw(first+1)) }

// zipf chooses one of the octaves 1, 2–3, 4–7, … with equal chances, and then evenly inside of it.
func zipf(n int, a, b uint64) int {
	octaves := uint64(bits.Len64(uint64(n)))
	lo := 1 << (a % octaves)
	hi := min(n, 2*lo-1)
	return lo + int(b%uint64(hi-lo+1))
}

// The steps by which ranks are spread over ids, so that what is used most is not what is oldest.
const (
	userStep = 7919
	postStep = 61803
	tagStep  = 131
)

// spread returns the id of a rank among n.
func spread(rank, n, step int) int {
	for gcd(step, n) != 1 {
		step += 2
	}
	return 1 + int(uint64(rank-1)*uint64(step)%uint64(n))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
