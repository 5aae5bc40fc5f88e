package gql

// badEscape says what is wrong with the \u escapes of a text.
type badEscape int

const (
	none badEscape = iota
	nul
	loneSurrogate
)

// escapes looks for \u escapes that JSON and GraphQL decoders accept although no database stores their result: NUL, and
// halves of surrogate pairs, which decoders replace silently.
func escapes[T string | []byte](text T) badEscape {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		unit, ok := hex4(text, i+1)
		switch {
		case !ok:
			continue // not an escape of four digits, which is for the decoder to judge
		case unit == 0:
			return nul
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return loneSurrogate
		case unit >= 0xD800 && unit <= 0xDBFF:
			if i+6 >= len(text) || text[i+5] != '\\' || text[i+6] != 'u' {
				return loneSurrogate
			}
			if low, ok := hex4(text, i+7); !ok || low < 0xDC00 || low > 0xDFFF {
				return loneSurrogate
			}
			i += 6
		}
		i += 4
	}
	return none
}

func hex4[T string | []byte](text T, at int) (unit uint16, ok bool) {
	if at+4 > len(text) {
		return 0, false
	}
	for i := at; i < at+4; i++ {
		c := text[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | uint16(c)
	}
	return unit, true
}

// nesting returns how deep the arrays and objects of a JSON text nest. The text need not be valid.
func nesting(text []byte) int {
	deepest, depth, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{', c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}', c == ']':
			depth--
		}
	}
	return deepest
}
