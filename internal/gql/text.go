package gql

// halves says whether \u escapes of a GraphQL document stand for halves of surrogate pairs, which the parser replaces silently.
func halves(text string) bool {
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
			continue // not an escape of four digits, which is for the parser to judge
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		case unit >= 0xD800 && unit <= 0xDBFF:
			if i+6 >= len(text) || text[i+5] != '\\' || text[i+6] != 'u' {
				return true
			}
			if low, ok := hex4(text, i+7); !ok || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
		i += 4
	}
	return false
}

func hex4(text string, at int) (unit uint16, ok bool) {
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
